#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/log.h"
#include "mcdsl/base/result.h"

/// A service's folder as one file, `tar.zst`, that can prove that it is whole: docs/formats/archive.md.
///
///     const archive::Dependencies with{.logger = logger};
///     const auto path = archive::default_path("/srv/notes", "notes", clock.now());
///     const auto made = archive::create("/srv/notes", path, {.service = "notes"}, with);
///     for (const archive::Problem& problem : value_or_throw(made).problems) { ... }  // files that changed meanwhile
///     value_or_throw(archive::verify(path, {}, with));
///
/// Errors, of all functions here: what an archive or a folder is at fault for is a value: invalid_argument for an
/// archive that nobody should unpack, data_loss for a damaged one, resource_exhausted for one beyond the limits,
/// not_found, already_exists; each names the entry. What the machine is at fault for (a full disk: resource_exhausted,
/// too; a missing right) is thrown as Exception. Nothing is left over either way, but what `verify` notes.
/// Threads: safe from any thread. A call uses threads of its own while it lasts.
namespace mcdsl::archive {

/// What is used and not owned. Lifetime: the clock outlives the call.
struct Dependencies {
  log::Logger logger = {};
  const Clock& clock = system_clock();
};

/// How far a call has come.
struct Progress {
  std::uint64_t entries = 0;      ///< done
  std::uint64_t bytes = 0;        ///< of the folder's files (create), or of the archive's file (all others)
  std::uint64_t total_bytes = 0;  ///< what `bytes` will be in the end, as far as it could be told at the start
};

/// Called on the caller's thread, at most once for every MiB or 1,000 entries. What it throws ends the call.
using OnProgress = std::function<void(const Progress&)>;

/// What is beyond these is refused: when an archive is read, and when it is made, so that what was made can be read.
struct Limits {
  std::uint64_t max_bytes = std::uint64_t{1} << 40U;  ///< of all files together, holes included
  std::uint64_t max_entries = 1'000'000;
  std::uint64_t max_ratio = 1000;  ///< unpacked over packed, from 256 MiB on
  std::size_t max_path = 4096;     ///< bytes; a name in it has at most 255
  std::size_t max_depth = 32;      ///< names in a path
  int max_window_log = 25;         ///< of zstd: how far back it may refer, and so how much memory it takes: 32 MiB
  bool case_twins = false;         ///< names that differ in the case of ASCII letters only may stand side by side
};

enum class Type : std::uint8_t { file, folder, link };

/// What a SQLite database held when it was copied.
struct DatabaseContents {
  std::int64_t schema_version = 0;  ///< the newest recorded migration, or `user_version` where none is recorded
  std::int64_t broken_foreign_keys = 0;
  std::map<std::string, std::int64_t> rows;  ///< by table

  bool operator==(const DatabaseContents&) const = default;
};

struct Entry {
  std::string path;  ///< relative, "certs/key.pem"; any bytes but NUL
  Type type = Type::file;
  std::uint64_t size = 0;  ///< of a file, holes included
  std::uint32_t mode = 0;
  std::string link = {};                          ///< where a symbolic link leads
  std::string sha256 = {};                        ///< of a file, in hexadecimal
  std::optional<DatabaseContents> database = {};  ///< of a SQLite database, where there is a manifest
};

/// Something about an entry that the operator should know, and that did not end the call.
struct Problem {
  std::string path;
  std::string what;  ///< "changed while it was read"
};

/// What an archive says about itself.
struct Manifest {
  std::string service;
  std::string host;
  std::string folder;
  std::string binary_version;
  Clock::WallTime created_at;
  std::vector<Problem> problems;  ///< of when it was made
};

struct CreateOptions {
  std::string service = {};               ///< its name, for the manifest
  std::string binary_version = {};        ///< of the service, for the manifest
  std::vector<std::string> exclude = {};  ///< patterns as a shell has them: of names, or, with a '/', of whole paths
  int level = 3;                          ///< of zstd, 1 to 19; the memory of 64 MiB holds up to 9
  bool links = false;                     ///< symbolic links that stay inside go in; all others are problems
  Limits limits = {};
  std::filesystem::path scratch = {};  ///< where copies of databases stand meanwhile; empty: beside the archive, or
                                       ///< for a descriptor the system's folder for temporary files
  OnProgress on_progress = {};
};

/// What was made.
struct Summary {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;          ///< of the files
  std::uint64_t archive_bytes = 0;  ///< of the archive
  std::string sha256;               ///< of the archive
  std::vector<Problem> problems;    ///< files that changed or vanished while they were read, links left out
};

/// In a service's folder: where its archives are, which no archive holds and no restore touches.
inline constexpr std::string_view kBackupFolder = "backups";

/// Where an archive belongs: "backups/notes-20260131T120000Z.tar.zst" in the folder.
[[nodiscard]] std::filesystem::path default_path(const std::filesystem::path& folder, const std::string& service,
                                                 Clock::WallTime now);

/// Writes an archive of the folder, on all cores: under a temporary name, synced, then at its place. Databases (by
/// their first bytes, not their names) go in as checked and vacuumed copies, taken while the service works on them;
/// their side files, `backups/` and what is excluded stay out, and so do sockets, FIFOs and devices, with a log line.
/// Errors: already_exists where something is at `archive`.
[[nodiscard]] Result<Summary> create(const std::filesystem::path& folder, const std::filesystem::path& archive,
                                     const CreateOptions& options = {}, const Dependencies& dependencies = {});

/// The same into an open descriptor, a pipe to another machine, say.
[[nodiscard]] Result<Summary> create(const std::filesystem::path& folder, int descriptor,
                                     const CreateOptions& options = {}, const Dependencies& dependencies = {});

struct VerifyOptions {
  bool mark = true;  ///< notes beside the archive how it went, for retention, health and the doctor
  Limits limits = {};
  std::filesystem::path scratch = {};  ///< for its databases; empty: beside the archive
  OnProgress on_progress = {};
};

/// What a reader found.
struct Report {
  std::optional<Manifest> manifest;  ///< none in an archive that `tar --zstd` made
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::string sha256;                 ///< of the archive
  std::vector<std::string> warnings;  ///< no manifest; foreign keys that are broken
};

/// Reads the whole archive as a restore does and holds every entry to the manifest: size, mode, SHA-256; each database
/// to SQLite's integrity check, its foreign keys and its rows.
/// One that is damaged or no archive loses the mark of an earlier success; where it has a name of `default_path`, a
/// note says why. Errors: failed_precondition for one without a manifest where `mark` is set: there is nothing to prove
/// it by.
[[nodiscard]] Result<Report> verify(const std::filesystem::path& archive, const VerifyOptions& options = {},
                                    const Dependencies& dependencies = {});

struct Listing {
  std::optional<Manifest> manifest;
  std::vector<Entry> entries;
};

/// What is in it, in the archive's order. Reads all of it; databases are not looked into.
[[nodiscard]] Result<Listing> list(const std::filesystem::path& archive, const Limits& limits = {});

/// Writes one file of the archive to `target`, which must not exist, with mode 0600; at its place only when the whole
/// archive was read and is whole. Errors: not_found for a path that is none of its files.
[[nodiscard]] Result<Entry> extract(const std::filesystem::path& archive, const std::string& path,
                                    const std::filesystem::path& target, const Limits& limits = {});

}  // namespace mcdsl::archive
