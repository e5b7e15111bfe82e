#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/stat.h>

#include "mcdsl/archive/archive.h"
#include "mcdsl/archive/internal/database_copier.h"
#include "mcdsl/archive/internal/names.h"
#include "mcdsl/archive/internal/own_locks.h"
#include "mcdsl/archive/internal/system.h"
#include "mcdsl/archive/internal/tar_writer.h"
#include "mcdsl/archive/internal/zstd_writer.h"

namespace mcdsl::archive::internal {

/// Walks through a folder once and writes its archive. Throws Refusal.
class Creator {
 public:
  /// Lifetime: all of them outlive it.
  Creator(const std::filesystem::path& folder, ZstdWriter& out, const Scratch& scratch, const CreateOptions& options,
          const Dependencies& dependencies);

  /// All of it, up to the trailer. `archive_bytes` and `sha256` are those of the writer.
  [[nodiscard]] Summary run();

 private:
  /// A folder that is being walked through.
  struct Place {
    int fd;
    std::string path;  ///< empty, or with '/' at its end
  };

  void walk(const Place& place);
  void visit(const Place& place, const std::string& name);
  void add_folder(const Place& place, const std::string& name, const std::string& path, const struct stat& status);
  void add_link(const Place& place, const std::string& name, const std::string& path, const struct stat& status);
  void add_file(const Place& place, const std::string& name, const std::string& path, const struct stat& seen);
  [[nodiscard]] bool add_small_file(int fd, Entry entry, struct stat& before);
  void add_large_file(int fd, Entry entry, const struct stat& before);
  void add_extents(int fd, Entry& entry, const struct stat& before, const std::vector<Extent>& extents);
  void add_databases(bool wait);
  void add_copy(DatabaseCopier::Copy& copy);
  void add_manifest();

  [[nodiscard]] bool is_excluded(const std::string& path, const std::string& name) const;
  [[nodiscard]] bool is_side_file_of_database(const Place& place, const std::string& name) const;
  void admit(const Entry& entry);
  void done(const Entry& entry);
  void problem(const std::string& path, const std::string& what);
  void report_progress(std::uint64_t more);

  std::filesystem::path folder_;
  ZstdWriter& out_;
  const CreateOptions& options_;
  const Dependencies& dependencies_;
  TarWriter tar_;
  SeenPaths seen_;
  OwnLocks own_locks_;
  Spool manifest_;
  DatabaseCopier databases_;
  Summary summary_;
  Progress progress_;
  std::string buffer_;
};

}  // namespace mcdsl::archive::internal
