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
    if (pieces_.empty() || pieces_.back().size() + bytes.size() > kJoinLimit) {
      pieces_.emplace_back();
    }
    pieces_.back().append(bytes);
  }

  /// The same without a copy, where there is nothing to join it with.
  void push(std::string&& bytes) {
    if (pieces_.empty() || pieces_.back().size() + bytes.size() > kJoinLimit) {
      pieces_.push_back(std::move(bytes));
    } else {
      pieces_.back().append(bytes);
    }
  }

  [[nodiscard]] bool empty() const noexcept { return pieces_.empty(); }
  [[nodiscard]] std::string_view front() const noexcept {
    return std::string_view(pieces_.front()).substr(sent_of_front_);
  }

  void pop(std::size_t count) {
    sent_of_front_ += count;
    if (sent_of_front_ == pieces_.front().size()) {
      pieces_.erase(pieces_.begin());
      sent_of_front_ = 0;
    }
  }

 private:
  static constexpr std::size_t kJoinLimit = std::size_t{32} << 10U;

  std::vector<std::string> pieces_;
  std::size_t sent_of_front_ = 0;
};

}  // namespace mcdsl::net
