#include "mcdsl/http/media_type.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mcdsl/http/headers.h"

namespace mcdsl::http {
namespace {

// What services hand out. Scripts are text/javascript (RFC 9239 §6); text says its charset, or browsers guess.
constexpr std::array<std::pair<std::string_view, std::string_view>, 41> kByEnding{{
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"css", "text/css; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"htm", "text/html; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"ico", "image/x-icon"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"md", "text/markdown; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/ogg"},
    {"otf", "font/otf"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"toml", "application/toml"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain; charset=utf-8"},
    {"wasm", "application/wasm"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xml", "application/xml"},
    {"yaml", "application/yaml"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
}};

bool ends_with_ignoring_case(std::string_view text, std::string_view end) noexcept {
  return text.size() >= end.size() && equal_ignoring_case(text.substr(text.size() - end.size()), end);
}

}  // namespace

std::string_view content_type_of(std::string_view file_name) noexcept {
  const auto dot = file_name.find_last_of("./");
  if (dot != std::string_view::npos && file_name[dot] == '.') {
    const auto* row = std::ranges::find_if(
        kByEnding, [&](const auto& entry) { return equal_ignoring_case(entry.first, file_name.substr(dot + 1)); });
    if (row != kByEnding.end()) {
      return row->second;
    }
  }
  return "application/octet-stream";
}

bool is_text_like(std::string_view media_type) noexcept {
  constexpr std::array<std::string_view, 8> kTypes{
      "application/json", "application/javascript", "application/xml",      "application/yaml",
      "application/toml", "application/wasm",       "application/x-ndjson", "image/x-icon"};
  return equal_ignoring_case(media_type.substr(0, 5), "text/") || ends_with_ignoring_case(media_type, "+json") ||
         ends_with_ignoring_case(media_type, "+xml") ||
         std::ranges::any_of(kTypes, [&](std::string_view type) { return equal_ignoring_case(type, media_type); });
}

}  // namespace mcdsl::http
