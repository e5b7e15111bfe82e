#pragma once

#include <array>
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

/// Notes beside an archive that it was verified: "notes-20260131T120000Z.tar.zst.verified". A note of its damage is
/// gone.
void write_marker(const std::filesystem::path& archive, const std::string& sha256, const Manifest& manifest,
                  Clock::WallTime now);
/// nullopt where there is none for the archive as it is now, by its size.
[[nodiscard]] std::optional<Verified> read_marker(const std::filesystem::path& archive);
/// Notes that it failed a verification, where it has the name of a service's archive:
/// "notes-20260131T120000Z.tar.zst.damaged". A note that it passed one is gone, whatever its name.
void write_damage(const std::filesystem::path& archive, const std::string& error, Clock::WallTime now);
/// What its size and the notes beside it say is wrong with it; empty for nothing. Reads no archive.
[[nodiscard]] std::string damage_of(const std::filesystem::path& archive);
/// Where notes on an archive may be.
[[nodiscard]] std::array<std::filesystem::path, 2> notes_on(const std::filesystem::path& archive);

}  // namespace mcdsl::archive::internal
