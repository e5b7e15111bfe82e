#include "mcdsl/net/internal/body_pipe.h"

#include <algorithm>
#include <utility>

#include "mcdsl/base/blocking.h"

namespace mcdsl::net {

void BodyPipe::take(std::size_t count) {
  from_ += count;
  if (from_ == bytes_.size()) {
    bytes_.clear();
    from_ = 0;
  } else if (from_ >= kCapacity) {
    bytes_.erase(0, std::exchange(from_, 0));
  }
}

Result<std::size_t> BodyPipe::read(std::span<char> into) {
  std::unique_lock lock(mutex_);
  if (size() == 0 && !is_ended_ && !error_) {
    about_to_block();
    changed_.wait(lock, [&] { return size() > 0 || is_ended_ || error_; });
  }
  if (error_) {
    return std::unexpected(*error_);
  }
  const std::size_t count = std::min(into.size(), size());
  std::copy_n(bytes_.data() + from_, count, into.data());
  take(count);
  const bool tells_loop = loop_waits_ && size() <= kCapacity / 2;
  if (tells_loop) {
    loop_waits_ = false;
  }
  lock.unlock();
  if (tells_loop) {
    notify_();
  }
  return count;
}

Result<void> BodyPipe::write(std::string_view bytes) {
  while (!bytes.empty()) {
    std::unique_lock lock(mutex_);
    if (size() >= kCapacity && !error_) {
      about_to_block();
      changed_.wait(lock, [&] { return size() < kCapacity || error_; });
    }
    if (error_) {
      return std::unexpected(*error_);
    }
    const std::string_view piece = bytes.substr(0, kCapacity - size());
    bytes_.append(piece);
    bytes.remove_prefix(piece.size());
    const bool tells_loop = std::exchange(loop_waits_, false);
    lock.unlock();
    if (tells_loop) {
      notify_();
    }
  }
  return {};
}

void BodyPipe::push(std::string_view bytes) {
  const std::scoped_lock lock(mutex_);
  if (!error_) {
    bytes_.append(bytes);
    loop_waits_ = loop_waits_ || size() > kCapacity / 2;
    changed_.notify_one();
  }
}

std::size_t BodyPipe::room() const {
  const std::scoped_lock lock(mutex_);
  return error_ ? kCapacity : kCapacity - std::min(kCapacity, size());
}

void BodyPipe::pull(std::size_t limit, std::string& out) {
  const std::scoped_lock lock(mutex_);
  const std::size_t count = std::min(limit, size());
  out.append(bytes_, from_, count);
  take(count);
  loop_waits_ = size() == 0;
  changed_.notify_one();
}

void BodyPipe::end() {
  const std::scoped_lock lock(mutex_);
  is_ended_ = true;
  changed_.notify_one();
}

void BodyPipe::fail(Error error) {
  const std::scoped_lock lock(mutex_);
  if (!error_) {
    error_ = std::move(error);
    bytes_ = {};
    from_ = 0;
    changed_.notify_one();
  }
}

BodyPipe::State BodyPipe::state() const {
  const std::scoped_lock lock(mutex_);
  return {.size = size(), .is_ended = is_ended_, .has_failed = error_.has_value()};
}

}  // namespace mcdsl::net
