#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mcdsl/archive/archive.h"

namespace mcdsl::archive {

/// Which archives stay: the newest `last`, and the newest of each of the last so many days, weeks (ISO 8601) and months
/// (UTC) that have one. An archive stays while any of these wants it.
struct Retention {
  std::uint32_t last = 7;
  std::uint32_t daily = 7;
  std::uint32_t weekly = 4;
  std::uint32_t monthly = 12;
};

/// An archive that was verified, as `verify` noted it beside it.
struct Verified {
  std::filesystem::path archive;
  Clock::WallTime created_at;  ///< of the archive, by its name
  Clock::WallTime verified_at;
  std::string sha256;
};

/// The archive that was made last.
struct Newest {
  std::filesystem::path archive;
  std::string damage;  ///< "it is empty", or what `verify` noted; empty: none is known, verified or not
};

struct Pruned {
  std::vector<std::filesystem::path> removed;   ///< oldest first
  std::vector<std::filesystem::path> kept;      ///< as the rules want it
  std::vector<std::filesystem::path> unproven;  ///< nobody wants them, but no newer archive is verified
};

/// Removes the archives of a service in a folder (`default_path` names them) that the rules do not keep. None goes
/// unless a newer one that stays was verified; the SHA-256 of that one is computed again before anything is removed.
/// `dry_run` removes nothing and says what would go. Errors: invalid_argument for rules that keep nothing; not_found.
[[nodiscard]] Result<Pruned> prune(const std::filesystem::path& backups, const std::string& service,
                                   const Retention& retention = {}, bool dry_run = false,
                                   const Dependencies& dependencies = {});

/// The newest archive of a service that was verified and has not changed in size since: for health and metrics, its
/// age is `now - created_at`. Reads no archive. nullopt where there is none.
[[nodiscard]] std::optional<Verified> last_verified(const std::filesystem::path& backups, const std::string& service);

/// The newest archive of a service, by its name. Reads no archive. nullopt where there is none.
[[nodiscard]] std::optional<Newest> newest(const std::filesystem::path& backups, const std::string& service);

}  // namespace mcdsl::archive
