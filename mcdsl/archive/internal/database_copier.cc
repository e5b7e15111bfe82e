#include "mcdsl/archive/internal/database_copier.h"

#include <utility>

#include "mcdsl/archive/internal/database_checker.h"
#include "mcdsl/db/file.h"

namespace mcdsl::archive::internal {

// In a folder of its own: copies lock the folder that they are made in, as a Scratch locks its own.
DatabaseCopier::DatabaseCopier(std::filesystem::path folder, const std::filesystem::path& scratch)
    : folder_(std::move(folder)), scratch_(scratch / "copies") {
  std::filesystem::create_directory(scratch_);
  thread_ = std::thread([this] { run(); });
}

DatabaseCopier::~DatabaseCopier() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void DatabaseCopier::add(Request request) {
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
  }
  changed_.notify_all();
}

std::optional<DatabaseCopier::Copy> DatabaseCopier::take(bool wait) {
  std::unique_lock lock(mutex_);
  if (std::exchange(is_lent_, false)) {
    is_busy_ = false;
    changed_.notify_all();
  }
  if (wait) {
    changed_.wait(lock, [&] { return ready_ || (requests_.empty() && !is_busy_); });
  }
  if (!ready_) {
    return std::nullopt;
  }
  is_lent_ = true;
  return std::exchange(ready_, std::nullopt);
}

void DatabaseCopier::run() {
  for (;;) {
    Request request;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return is_stopped_ || (!requests_.empty() && !is_busy_); });
      if (is_stopped_) {
        return;
      }
      request = std::move(requests_.front());
      requests_.pop_front();
      is_busy_ = true;
    }
    try {
      make(request);
    } catch (...) {
      hand_over({.of = request, .file = {}, .contents = {}, .failure = std::current_exception()});
    }
  }
}

void DatabaseCopier::make(const Request& request) {
  db::with_compact_copy(folder_ / request.path, scratch_,
                        [&](const std::filesystem::path& copy, const db::FileContents& found) {
                          hand_over({.of = request, .file = copy, .contents = contents_of(found), .failure = {}});
                        });
}

// Returns when the copy is no longer used.
void DatabaseCopier::hand_over(Copy copy) {
  std::unique_lock lock(mutex_);
  ready_ = std::move(copy);
  changed_.notify_all();
  changed_.wait(lock, [&] { return is_stopped_ || (!ready_ && !is_busy_); });
}

}  // namespace mcdsl::archive::internal
