#include "tools/mcdsl-web-embed/generated.h"

#include <cstddef>
#include <utility>
#include <vector>

#include <zlib.h>
#include <zstd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/http/media_type.h"
#include "mcdsl/web/templates.h"

namespace mcdsl::web_embed {
namespace {

constexpr std::size_t kHashDigits = 16;

// A literal of C++ for any bytes: octal escapes of three digits, which no digit behind them changes.
std::string literal(std::string_view bytes) {
  constexpr std::size_t kLine = 100;
  std::string out = "std::string_view(\n    \"";
  std::size_t line = 0;
  for (const char c : bytes) {
    if (line >= kLine) {
      out.append("\"\n    \"");
      line = 0;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte < 0x7F && c != '"' && c != '\\' && c != '?') {
      out.push_back(c);
      ++line;
    } else {
      out.append({'\\', static_cast<char>('0' + (byte >> 6U)), static_cast<char>('0' + (byte >> 3U & 7U)),
                  static_cast<char>('0' + (byte & 7U))});
      line += 4;
    }
  }
  return out + "\", " + std::to_string(bytes.size()) + ")";
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  constexpr int kGzip = 16 + MAX_WBITS;
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw Exception(Code::internal, "zlib does not start");
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  std::string in(bytes);  // zlib takes what it does not change as mutable
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int end = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (end != Z_STREAM_END) {
    throw Exception(Code::internal, "zlib does not end");
  }
  return out;
}

std::string zstd(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 19);
  if (ZSTD_isError(size) != 0) {
    throw Exception(Code::internal, std::string("zstd: ") + ZSTD_getErrorName(size));
  }
  out.resize(size);
  return out;
}

// Empty where it saves less than a browser's work is worth: a sixteenth.
std::string if_shorter(std::string packed, std::size_t size) {
  return packed.size() < size - size / 16 ? std::move(packed) : std::string();
}

// "app.css" becomes "app.<hash>.css", "icons/a.svg" "icons/a.<hash>.svg".
std::string hashed_name(const std::string& name, std::string_view bytes) {
  const std::string hash = crypto::to_hex(crypto::sha256(bytes)).substr(0, kHashDigits);
  const std::size_t slash = name.rfind('/');
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) {
    return name + "." + hash;
  }
  return name.substr(0, dot) + "." + hash + name.substr(dot);
}

constexpr std::string_view kNotice = "// Made by mcdsl-web-embed. Changes are lost.\n";

// `kind` is "template" or "asset".
std::string source_of(std::string_view kind, std::string_view type, const Symbol& symbol, std::string_view entries) {
  std::string out(kNotice);
  out.append("#include \"mcdsl/web/").append(kind).append("s.h\"\n\n#include <string_view>\n\n");
  out.append("namespace ").append(symbol.name_space).append(" {\n");
  out.append("mcdsl::web::").append(type).append("Source ").append(symbol.function).append("() noexcept;\n");
  out.append("mcdsl::web::").append(type).append("Source ").append(symbol.function).append("() noexcept {\n");
  out.append("  static constexpr mcdsl::web::").append(type).append("File kFiles[] = {\n").append(entries);
  return out.append("  };\n  return kFiles;\n}\n}\n");
}

}  // namespace

std::string header_of(std::string_view kind, const Symbol& symbol) {
  std::string out(kNotice);
  out.append("#pragma once\n\n#include \"mcdsl/web/").append(kind).append("s.h\"\n\n");
  out.append("namespace ").append(symbol.name_space).append(" {\n\n[[nodiscard]] mcdsl::web::");
  out.append(kind == "asset" ? "Asset" : "Template").append("Source ").append(symbol.function);
  return out.append("() noexcept;\n\n}\n");
}

std::string templates_source(std::span<const EmbeddedFile> files, const Symbol& symbol) {
  std::vector<web::TemplateFile> views;
  std::string entries;
  for (const EmbeddedFile& file : files) {
    views.push_back({.name = file.name, .text = file.bytes});
    entries.append("    {").append(literal(file.name)).append(", ").append(literal(file.bytes)).append("},\n");
  }
  web::check_templates(views);
  return source_of("template", "Template", symbol, entries);
}

std::string assets_source(std::span<const EmbeddedFile> files, const Symbol& symbol) {
  std::string entries;
  for (const EmbeddedFile& file : files) {
    const std::string_view type = http::content_type_of(file.name);
    const bool packs = http::is_text_like(type.substr(0, type.find(';')));
    const auto packed = [&](auto pack) {
      return literal(packs ? if_shorter(pack(file.bytes), file.bytes.size()) : std::string());
    };
    entries.append("    {").append(literal(file.name)).append(", ");
    entries.append(literal(hashed_name(file.name, file.bytes))).append(", ").append(literal(type)).append(", ");
    entries.append(literal(file.bytes)).append(", ").append(packed(gzip)).append(", ").append(packed(zstd));
    entries.append("},\n");
  }
  return source_of("asset", "Asset", symbol, entries);
}

}  // namespace mcdsl::web_embed
