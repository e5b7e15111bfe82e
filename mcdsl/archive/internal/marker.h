#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "mcdsl/archive/archive.h"
#include "mcdsl/archive/retention.h"

namespace mcdsl::archive::internal {

/// "notes-20260131T120000Z.tar.zst".
[[nodiscard]] std::string archive_name(const std::string& service, Clock::WallTime created_at);
/// When an archive of this service was made, by its name; nullopt for any other name.
[[nodiscard]] std::optional<Clock::WallTime> time_of_name(const std::string& name, const std::string& service);
/// "20260131T120000Z".
[[nodiscard]] std::string compact_time(Clock::WallTime time);

/// Notes beside an archive that it was verified: "notes-20260131T120000Z.tar.zst.verified".
void write_marker(const std::filesystem::path& archive, const std::string& sha256, const Manifest& manifest,
                  Clock::WallTime now);
/// nullopt where there is none for the archive as it is now, by its size.
[[nodiscard]] std::optional<Verified> read_marker(const std::filesystem::path& archive);
[[nodiscard]] std::filesystem::path marker_of(const std::filesystem::path& archive);

}  // namespace mcdsl::archive::internal
