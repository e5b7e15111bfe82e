#include "mcdsl/archive/internal/marker.h"

#include <algorithm>
#include <cstdint>
#include <system_error>
#include <utility>

#include "mcdsl/base/file.h"
#include "mcdsl/base/time.h"
#include "mcdsl/json/decode.h"
#include "mcdsl/json/writer.h"

namespace mcdsl::archive::internal {
namespace {

constexpr std::string_view kEnding = ".tar.zst";
constexpr std::size_t kMaxMarker = 64U << 10U;

struct MarkerJson {
  int format = 0;
  std::uint64_t archive_bytes = 0;
  std::string sha256;
  std::string created_at;
  std::string verified_at;

  void bind(json::Fields& fields) {
    fields.required("mcdsl_verified", format);
    fields.required("archive_bytes", archive_bytes);
    fields.required("sha256", sha256);
    fields.required("created_at", created_at);
    fields.required("verified_at", verified_at);
  }
};

}  // namespace

std::string compact_time(Clock::WallTime time) {
  std::string text = format_rfc3339(std::chrono::floor<std::chrono::seconds>(time));
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::string archive_name(const std::string& service, Clock::WallTime created_at) {
  return service + "-" + compact_time(created_at) + std::string(kEnding);
}

std::optional<Clock::WallTime> time_of_name(const std::string& name, const std::string& service) {
  constexpr std::size_t kTime = 16;  // "20260131T120000Z"
  if (name.size() != service.size() + 1 + kTime + kEnding.size() || !name.starts_with(service + "-") ||
      !name.ends_with(kEnding)) {
    return std::nullopt;
  }
  const std::string time = name.substr(service.size() + 1, kTime);
  const std::string rfc3339 = time.substr(0, 4) + "-" + time.substr(4, 2) + "-" + time.substr(6, 5) + ":" +
                              time.substr(11, 2) + ":" + time.substr(13);
  const auto parsed = parse_rfc3339(rfc3339);
  // The one name that this time has: "t" and leap seconds are read, too.
  return parsed && archive_name(service, *parsed) == name ? std::optional(*parsed) : std::nullopt;
}

std::filesystem::path marker_of(const std::filesystem::path& archive) {
  return archive.string() + ".verified";
}

void write_marker(const std::filesystem::path& archive, const std::string& sha256, const Manifest& manifest,
                  Clock::WallTime now) {
  json::Writer out;
  out.begin_object()
      .field("mcdsl_verified", 1)
      .field("archive_bytes", std::filesystem::file_size(archive))
      .field("sha256", sha256)
      .field("created_at", format_rfc3339(manifest.created_at))
      .field("verified_at", format_rfc3339(now))
      .end_object();
  write_file_atomically(marker_of(archive), std::string(out.view()) + "\n");
}

std::optional<Verified> read_marker(const std::filesystem::path& archive) {
  const auto text = read_file(marker_of(archive), kMaxMarker);
  if (!text) {
    return std::nullopt;
  }
  const auto marker = json::decode<MarkerJson>(*text, {.allow_unknown_fields = true});
  if (!marker || marker->format != 1) {
    return std::nullopt;
  }
  std::error_code missing;
  const std::uintmax_t size = std::filesystem::file_size(archive, missing);
  const auto created_at = parse_rfc3339(marker->created_at);
  const auto verified_at = parse_rfc3339(marker->verified_at);
  if (missing || size != marker->archive_bytes || !created_at || !verified_at) {
    return std::nullopt;
  }
  return Verified{.archive = archive, .created_at = *created_at, .verified_at = *verified_at, .sha256 = marker->sha256};
}

}  // namespace mcdsl::archive::internal
