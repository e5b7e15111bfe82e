#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "mcdsl/archive/archive.h"

namespace mcdsl::archive::internal {

/// Makes vacuumed, checked copies of databases on a thread of its own, one at a time, while other files are packed.
class DatabaseCopier {
 public:
  struct Request {
    std::string path;  ///< below the folder
    std::uint32_t mode = 0;
    std::int64_t mtime = 0;
  };
  struct Copy {
    Request of;
    std::filesystem::path file;  ///< there until the next call of `take`
    DatabaseContents contents;
    std::exception_ptr failure;  ///< in place of the two above
  };

  /// Paths are below `folder`; the copies go into `scratch`.
  DatabaseCopier(std::filesystem::path folder, const std::filesystem::path& scratch);
  ~DatabaseCopier();
  DatabaseCopier(const DatabaseCopier&) = delete;
  DatabaseCopier& operator=(const DatabaseCopier&) = delete;

  void add(Request request);
  /// The next copy. nullopt where none is ready or, with `wait`, where none is to come.
  [[nodiscard]] std::optional<Copy> take(bool wait);

 private:
  void run();
  void make(const Request& request);
  void hand_over(Copy copy);

  std::filesystem::path folder_;
  std::filesystem::path scratch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Request> requests_;
  std::optional<Copy> ready_;
  bool is_busy_ = false;  // a copy is being made, is ready, or is in use
  bool is_lent_ = false;  // a copy is in use
  bool is_stopped_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace mcdsl::archive::internal
