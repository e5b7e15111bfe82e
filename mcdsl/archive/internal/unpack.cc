#include "mcdsl/archive/internal/unpack.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include "mcdsl/archive/internal/database_checker.h"
#include "mcdsl/archive/internal/readahead.h"
#include "mcdsl/archive/internal/staging.h"
#include "mcdsl/archive/internal/system.h"
#include "mcdsl/archive/internal/zstd_source.h"
#include "mcdsl/base/folder_lock.h"

namespace mcdsl::archive::internal {
namespace {

constexpr std::uint64_t kEntriesPerCall = 1000;
constexpr std::uint64_t kBytesPerCall = std::uint64_t{1} << 20U;

UniqueFd open_archive(const std::filesystem::path& path, std::uint64_t& size) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR) {
      throw Refusal(Code::not_found, "there is no archive " + shown(path.native()));
    }
    fail_system("open", path, errno);
  }
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) {
    fail_system("look at", path, errno);
  }
  if (!S_ISREG(status.st_mode)) {
    throw Refusal(Code::invalid_argument, shown(path.native()) + " is not a file");
  }
  size = static_cast<std::uint64_t>(status.st_size);
  return fd;
}

class UnpackVisitor final : public Visitor {
 public:
  UnpackVisitor(Staging& staging, DatabaseChecker& checker, bool everything)
      : staging_(staging), checker_(checker), everything_(everything) {}

  void folder(const TarReader::Item& item) override {
    if (everything_) {
      staging_.folder(item.entry);
    }
  }
  void link(const TarReader::Item& item) override {
    if (everything_) {
      staging_.link(item.entry);
    }
  }
  void begin_file(const TarReader::Item& item) override {
    item_ = &item;
    is_begun_ = false;
    is_database_ = false;
    // A lock says nothing once it was packed.
    const bool is_side_file = !database_of_side_file(item.entry.path).empty();
    is_wanted_ = everything_ ? item.entry.path != FolderLock::kFileName : is_side_file;
    if (is_side_file) {
      side_files_.push_back(item.entry.path);
    }
    if (is_wanted_) {
      begin();
    }
  }
  void piece(std::uint64_t offset, std::string_view bytes) override {
    if (offset == 0 && bytes.starts_with(kDatabaseMagic)) {
      is_database_ = true;
      // The versions of the format: 1 has no write-ahead log (fileformat2.html §1.3.3).
      may_have_log_ = !bytes.substr(18).starts_with("\1\1");
      if (!is_begun_) {
        is_wanted_ = true;
        begin();
      }
    }
    if (is_wanted_) {
      staging_.piece(offset, bytes);
    }
  }
  void end_file(const TarReader::Item& item) override {
    if (is_wanted_) {
      staging_.end_file(item.entry, item.mtime);
    }
    if (is_database_) {
      checker_.add(item.entry.path, may_have_log_);
    }
  }
  [[nodiscard]] const std::vector<std::string>& side_files() const noexcept { return side_files_; }

 private:
  void begin() {
    staging_.begin_file(item_->entry, item_->stored);
    is_begun_ = true;
  }

  Staging& staging_;
  DatabaseChecker& checker_;
  bool everything_;
  std::vector<std::string> side_files_;
  const TarReader::Item* item_ = nullptr;
  bool is_begun_ = false;
  bool is_wanted_ = false;
  bool is_database_ = false;
  bool may_have_log_ = false;
};

// Logs of databases that an archive without a manifest held: those that belonged to one are in it by now, and no other
// may wait for a database to come.
void remove_side_files(const std::filesystem::path& root, const std::vector<std::string>& side_files) {
  for (const std::string& path : side_files) {
    std::error_code problem;
    std::filesystem::remove(root / path, problem);
    if (problem) {
      fail_system("remove", root / path, problem.value());
    }
  }
}

}  // namespace

Report read_archive(const Reading& reading, Visitor& visitor, const std::function<void()>& finish,
                    const ArchiveReader::LookInto& look_into, const std::function<void(Entry)>& take) {
  Progress progress;
  const UniqueFd fd = open_archive(reading.archive, progress.total_bytes);
  ZstdSource source(fd.get(), reading.archive, reading.limits);
  std::optional<Readahead> readahead(source);
  ArchiveReader reader(*readahead, reading.limits, reading.scratch);
  reader.read(visitor, reading.links, [&](std::uint64_t entries) {
    const std::uint64_t bytes = source.bytes_in();
    if (reading.on_progress &&
        (entries - progress.entries >= kEntriesPerCall || bytes - progress.bytes >= kBytesPerCall)) {
      progress.entries = entries;
      progress.bytes = bytes;
      reading.on_progress(progress);
    }
  });
  readahead.reset();
  finish();
  Report report;
  report.entries = reader.entries();
  report.bytes = reader.bytes();
  report.sha256 = source.sha256();
  if (reader.has_manifest() != source.has_trailer()) {
    throw Refusal(Code::data_loss, "archive " + shown(reading.archive.native()) + " is damaged: its end is missing");
  }
  if (reader.has_manifest()) {
    report.manifest = reader.hold_to_manifest(look_into, take);
  } else {
    report.warnings.emplace_back("the archive has no manifest: nothing says whether it is whole, or what made it");
    if (take) {
      reader.give_entries(take);
    }
  }
  if (reading.on_progress) {
    reading.on_progress({.entries = report.entries, .bytes = source.bytes_in(), .total_bytes = source.bytes_in()});
  }
  return report;
}

Report unpack(const Reading& reading, const std::filesystem::path& root, bool everything, std::uint32_t mode_mask,
              Ownership owner) {
  Staging staging(root, mode_mask, owner);
  DatabaseChecker checker(root);
  UnpackVisitor visitor(staging, checker, everything);
  Report report = read_archive(
      reading, visitor, [&] { checker.finish(); },
      [&](const std::string& path) {
        if (auto contents = checker.contents(path)) {
          return contents;
        }
        throw Refusal(Code::data_loss, "entry " + shown(path) + " is no database, and the manifest says it is");
      });
  std::ranges::copy(checker.warnings(), std::back_inserter(report.warnings));
  if (!report.manifest) {
    remove_side_files(root, visitor.side_files());
  }
  staging.make_links();
  return report;
}

}  // namespace mcdsl::archive::internal
