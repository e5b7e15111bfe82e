#include "mcdsl/archive/internal/marker.h"

#include <algorithm>
#include <cstdint>
#include <system_error>
#include <utility>

#include "mcdsl/archive/internal/system.h"
#include "mcdsl/base/bytes.h"
#include "mcdsl/base/file.h"
#include "mcdsl/base/time.h"
#include "mcdsl/json/decode.h"
#include "mcdsl/json/writer.h"

namespace mcdsl::archive::internal {
namespace {

constexpr std::string_view kEnding = ".tar.zst";
constexpr std::size_t kTime = 16;  // "20260131T120000Z"
constexpr std::size_t kAfterService = 1 + kTime + kEnding.size();
constexpr std::size_t kMaxNote = 64U << 10U;
constexpr std::size_t kMaxError = 1000;  // it names an entry, whose name may be anything

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

struct DamageJson {
  int format = 0;
  std::uint64_t archive_bytes = 0;
  std::string error;

  void bind(json::Fields& fields) {
    fields.required("mcdsl_damaged", format);
    fields.required("archive_bytes", archive_bytes);
    fields.required("error", error);
  }
};

std::filesystem::path marker_of(const std::filesystem::path& archive) {
  return archive.string() + ".verified";
}

std::filesystem::path damage_note_of(const std::filesystem::path& archive) {
  return archive.string() + ".damaged";
}

// nullopt where there is none that can be read.
template <class Note>
std::optional<Note> read_note(const std::filesystem::path& file) {
  const auto text = read_file(file, kMaxNote);
  if (!text) {
    return std::nullopt;
  }
  auto note = json::decode<Note>(*text, {.allow_unknown_fields = true});
  return note && note->format == 1 ? std::optional(*std::move(note)) : std::nullopt;
}

std::optional<std::uintmax_t> size_of(const std::filesystem::path& archive) {
  std::error_code missing;
  const std::uintmax_t size = std::filesystem::file_size(archive, missing);
  return missing ? std::nullopt : std::optional(size);
}

// Of any service. Nobody goes by what lies beside an archive of another name.
bool is_named_by_its_time(const std::filesystem::path& archive) {
  const std::string name = archive.filename().string();
  const auto end = name.size() - std::min(name.size(), kAfterService);
  return time_of_name(name, name.substr(0, end)).has_value();
}

void remove_note(const std::filesystem::path& file) {
  std::error_code problem;
  std::filesystem::remove(file, problem);
  if (problem) {
    fail_system("remove", file, problem.value());
  }
}

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
  if (name.size() != service.size() + kAfterService || !name.starts_with(service + "-") || !name.ends_with(kEnding)) {
    return std::nullopt;
  }
  const std::string time = name.substr(service.size() + 1, kTime);
  const std::string rfc3339 = time.substr(0, 4) + "-" + time.substr(4, 2) + "-" + time.substr(6, 5) + ":" +
                              time.substr(11, 2) + ":" + time.substr(13);
  const auto parsed = parse_rfc3339(rfc3339);
  // The one name that this time has: "t" and leap seconds are read, too.
  return parsed && archive_name(service, *parsed) == name ? std::optional(*parsed) : std::nullopt;
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
  remove_note(damage_note_of(archive));
  write_file_atomically(marker_of(archive), std::string(out.view()) + "\n");
}

std::optional<Verified> read_marker(const std::filesystem::path& archive) {
  const auto marker = read_note<MarkerJson>(marker_of(archive));
  if (!marker || size_of(archive) != marker->archive_bytes) {
    return std::nullopt;
  }
  const auto created_at = parse_rfc3339(marker->created_at);
  const auto verified_at = parse_rfc3339(marker->verified_at);
  if (!created_at || !verified_at) {
    return std::nullopt;
  }
  return Verified{.archive = archive, .created_at = *created_at, .verified_at = *verified_at, .sha256 = marker->sha256};
}

void write_damage(const std::filesystem::path& archive, const std::string& error, Clock::WallTime now) {
  remove_note(marker_of(archive));
  if (!is_named_by_its_time(archive)) {
    return;
  }
  json::Writer out;
  out.begin_object()
      .field("mcdsl_damaged", 1)
      .field("archive_bytes", std::filesystem::file_size(archive))
      .field("failed_at", format_rfc3339(now))
      .field("error", printable(error, kMaxError))
      .end_object();
  write_file_atomically(damage_note_of(archive), std::string(out.view()) + "\n");
}

std::string damage_of(const std::filesystem::path& archive) {
  const auto size = size_of(archive);
  if (size == 0) {
    return "it is empty";
  }
  if (const auto damage = read_note<DamageJson>(damage_note_of(archive)); damage && damage->archive_bytes == size) {
    return "it failed its verification: " + damage->error;
  }
  if (const auto marker = read_note<MarkerJson>(marker_of(archive)); marker && marker->archive_bytes != size) {
    return "it has changed in size since it was verified";
  }
  return {};
}

std::array<std::filesystem::path, 2> notes_on(const std::filesystem::path& archive) {
  return {marker_of(archive), damage_note_of(archive)};
}

}  // namespace mcdsl::archive::internal
