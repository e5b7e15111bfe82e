#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "mcdsl/archive/archive.h"

namespace mcdsl::db {
struct FileContents;
}

namespace mcdsl::archive::internal {

/// What of it a manifest tells.
[[nodiscard]] DatabaseContents contents_of(const db::FileContents& found);

/// Checks the databases of a folder, one after the other, on a thread of its own, while other files are unpacked.
class DatabaseChecker {
 public:
  /// Paths are below `root`.
  explicit DatabaseChecker(std::filesystem::path root) : root_(std::move(root)), thread_([this] { run(); }) {}
  ~DatabaseChecker();
  DatabaseChecker(const DatabaseChecker&) = delete;
  DatabaseChecker& operator=(const DatabaseChecker&) = delete;

  /// A database that is complete. One that may yet get a log beside it waits until the end.
  void add(const std::string& path, bool may_have_log);
  /// Waits for all. Throws Refusal (data_loss) naming the first that is damaged.
  void finish();

  /// After `finish`.
  [[nodiscard]] std::optional<DatabaseContents> contents(const std::string& path) const;
  /// A line for each that has foreign keys that are broken.
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }

 private:
  void run();
  void check(const std::string& path);

  std::filesystem::path root_;
  std::map<std::string, DatabaseContents> contents_;
  std::vector<std::string> warnings_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> waiting_;
  std::vector<std::string> late_;
  bool is_complete_ = false;
  std::exception_ptr failure_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace mcdsl::archive::internal
