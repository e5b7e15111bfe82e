#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/archive/archive.h"
#include "mcdsl/archive/internal/byte_source.h"
#include "mcdsl/archive/internal/names.h"
#include "mcdsl/archive/internal/system.h"
#include "mcdsl/archive/internal/tar_reader.h"

namespace mcdsl::archive::internal {

inline constexpr std::string_view kDatabaseMagic{"SQLite format 3\0", 16};

/// What SQLite keeps beside a database: "-wal", "-shm", "-journal". The database's path, or empty for another file.
[[nodiscard]] std::string_view database_of_side_file(std::string_view path);

/// Takes what a reader finds, entry by entry.
class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void folder(const TarReader::Item& /*item*/) {}
  virtual void link(const TarReader::Item& /*item*/) {}
  virtual void begin_file(const TarReader::Item& /*item*/) {}
  /// The first piece of a file has at least the 16 bytes that tell a database, if the file has.
  virtual void piece(std::uint64_t /*offset*/, std::string_view /*bytes*/) {}
  /// With the entry's SHA-256.
  virtual void end_file(const TarReader::Item& /*item*/) {}

 protected:
  Visitor() = default;
  Visitor(const Visitor&) = default;
  Visitor& operator=(const Visitor&) = default;
};

/// Reads a tar of ours, or of others, entry by entry, and holds what it found to the manifest. Throws Refusal.
class ArchiveReader {
 public:
  /// Lifetime: the source and the limits outlive it. `scratch` is a folder for what does not belong in memory.
  ArchiveReader(ByteSource& source, const Limits& limits, const std::filesystem::path& scratch);

  /// Symbolic links are refused unless `links`. `on_entry` gets the number of entries so far.
  void read(Visitor& visitor, bool links, const std::function<void(std::uint64_t)>& on_entry);

  [[nodiscard]] std::uint64_t entries() const noexcept { return entries_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool has_manifest() const noexcept { return manifest_.has_value(); }

  /// What a database really holds; nullopt where nobody looked.
  using LookInto = std::function<std::optional<DatabaseContents>(const std::string& path)>;
  /// Compares every entry with its line, and then gives `take` each. After `read`, where there is a manifest.
  [[nodiscard]] Manifest hold_to_manifest(const LookInto& look_into, const std::function<void(Entry)>& take = {});
  /// The entries where there is none.
  void give_entries(const std::function<void(Entry)>& take);

 private:
  void read_file(TarReader::Item& item, Visitor& visitor);
  void read_manifest(const TarReader::Item& item);
  void count(const TarReader::Item& item);
  void place(const Entry& entry);
  void refuse_side_files(const std::vector<std::string>& databases) const;

  TarReader tar_;
  const Limits& limits_;
  std::filesystem::path scratch_;
  SeenPaths seen_;
  SeenPaths folders_;   // those that have an entry, and those that only have something in them
  std::string parent_;  // the last that was put in
  bool has_root_ = false;
  Spool found_;  // a line for each entry
  std::optional<Spool> manifest_;
  std::vector<std::string> side_files_;
  std::uint64_t entries_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace mcdsl::archive::internal
