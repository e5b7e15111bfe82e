#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mcdsl::net {

/// Bytes that wait for their socket. Small pieces are joined, so that the answers to one read leave in one record.
class OutputQueue {
 public:
  void push(std::string_view bytes) {
    if (bytes.empty()) {
      return;
    }
    if (pieces_.empty() || pieces_.back().size() + bytes.size() > kJoinLimit) {
      pieces_.emplace_back();
    }
    pieces_.back().append(bytes);
    size_ += bytes.size();
  }

  /// The same without a copy, where there is nothing to join it with.
  void push(std::string&& bytes) {
    if (bytes.empty()) {
      return;
    }
    size_ += bytes.size();
    if (pieces_.empty() || pieces_.back().size() + bytes.size() > kJoinLimit) {
      pieces_.push_back(std::move(bytes));
    } else {
      pieces_.back().append(bytes);
    }
  }

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// The bytes to be written next; not empty unless the queue is. They are good until the next `push` or `pop`.
  [[nodiscard]] std::string_view front() const noexcept {
    return pieces_.empty() ? std::string_view() : std::string_view(pieces_.front()).substr(sent_of_front_);
  }

  /// `count` bytes of the front have been written.
  void pop(std::size_t count) {
    sent_of_front_ += count;
    size_ -= count;
    if (sent_of_front_ == pieces_.front().size()) {
      pieces_.erase(pieces_.begin());
      sent_of_front_ = 0;
    }
  }

 private:
  static constexpr std::size_t kJoinLimit = std::size_t{32} << 10U;

  std::vector<std::string> pieces_;
  std::size_t sent_of_front_ = 0;
  std::size_t size_ = 0;
};

}  // namespace mcdsl::net
