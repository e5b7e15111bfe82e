#include "mcdsl/archive/internal/readahead.h"

namespace mcdsl::archive::internal {

Readahead::~Readahead() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Readahead::run() {
  try {
    fill();
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    is_done_ = true;
  }
  changed_.notify_all();
}

void Readahead::fill() {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_stopped_ || filled_ - taken_ < pieces_.size(); });
    if (is_stopped_) {
      return;
    }
    std::string& piece = pieces_[filled_ % pieces_.size()];
    lock.unlock();
    const std::string_view bytes = source_.next();
    if (bytes.empty()) {
      return;
    }
    piece.assign(bytes);
    lock.lock();
    ++filled_;
    lock.unlock();
    changed_.notify_all();
  }
}

std::string_view Readahead::next() {
  std::unique_lock lock(mutex_);
  if (is_lent_) {
    is_lent_ = false;
    ++taken_;
    changed_.notify_all();
  }
  changed_.wait(lock, [&] { return is_done_ || filled_ > taken_; });
  if (filled_ > taken_) {
    is_lent_ = true;
    return pieces_[taken_ % pieces_.size()];
  }
  if (failure_) {
    std::rethrow_exception(failure_);
  }
  return {};
}

}  // namespace mcdsl::archive::internal
