#include "mcdsl/archive/internal/database_checker.h"

#include <utility>

#include "mcdsl/archive/internal/system.h"
#include "mcdsl/db/file.h"

namespace mcdsl::archive::internal {

DatabaseContents contents_of(const db::FileContents& found) {
  return {.schema_version = found.schema_version,
          .broken_foreign_keys = static_cast<std::int64_t>(found.broken_foreign_keys.size()),
          .rows = found.rows};
}

DatabaseChecker::~DatabaseChecker() {
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.clear();
      late_.clear();
      is_complete_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
}

void DatabaseChecker::add(const std::string& path, bool may_have_log) {
  {
    const std::lock_guard lock(mutex_);
    if (may_have_log) {
      late_.push_back(path);
    } else {
      waiting_.push_back(path);
    }
  }
  changed_.notify_all();
}

void DatabaseChecker::finish() {
  {
    const std::lock_guard lock(mutex_);
    for (std::string& path : late_) {
      waiting_.push_back(std::move(path));
    }
    late_.clear();
    is_complete_ = true;
  }
  changed_.notify_all();
  thread_.join();
  if (failure_) {
    std::rethrow_exception(failure_);
  }
}

void DatabaseChecker::run() {
  for (;;) {
    std::string path;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return is_complete_ || !waiting_.empty(); });
      if (waiting_.empty()) {
        return;
      }
      path = std::move(waiting_.front());
      waiting_.pop_front();
    }
    try {
      check(path);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = failure_ ? failure_ : std::current_exception();
    }
  }
}

void DatabaseChecker::check(const std::string& path) {
  try {
    const db::FileContents found = db::check_file(root_ / path);
    contents_[path] = contents_of(found);
    for (const std::string& broken : found.broken_foreign_keys) {
      warnings_.push_back("entry " + shown(path) + ": a foreign key is broken: " + broken);
    }
  } catch (const Exception& problem) {
    // A file that says that it is a database and is none that SQLite can read is the archive's fault, whatever SQLite
    // calls it; a full disk is not.
    if (problem.error().code() == Code::resource_exhausted) {
      throw;
    }
    throw Refusal(problem.error().wrap("entry " + shown(path) + " is damaged").with_code(Code::data_loss));
  }
}

std::optional<DatabaseContents> DatabaseChecker::contents(const std::string& path) const {
  const auto found = contents_.find(path);
  return found == contents_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace mcdsl::archive::internal
