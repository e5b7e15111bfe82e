#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcdsl/http/body.h"

namespace mcdsl::net {

/// Bytes that wait for their socket, and parts of files. Small pieces are joined, so that the answers to one read leave
/// in one record.
class OutputQueue {
 public:
  void push(std::string_view bytes) {
    if (!bytes.empty()) {
      size_ += bytes.size();
      if (!can_join(bytes.size())) {
        pieces_.push_back({.bytes = std::exchange(spare(), {}), .file = {}});
      }
      pieces_.back().bytes.append(bytes);
    }
  }

  /// The same without a copy, where there is nothing to join it with.
  void push(std::string&& bytes) {
    if (bytes.empty()) {
      return;
    }
    size_ += bytes.size();
    if (can_join(bytes.size())) {
      pieces_.back().bytes.append(bytes);
    } else {
      pieces_.push_back({.bytes = std::move(bytes), .file = {}});
    }
  }

  void push(http::FileBody&& file) {
    if (file.length > 0) {
      size_ += file.length;
      pieces_.push_back({.bytes = {}, .file = std::move(file)});
    }
  }

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  /// The bytes to be written next; empty where the queue is, or where a file is next. They are good until the next
  /// `push` or `pop`.
  [[nodiscard]] std::string_view front() const noexcept {
    return pieces_.empty() ? std::string_view() : std::string_view(pieces_.front().bytes).substr(sent_of_front_);
  }

  /// The rest of the file that is to be written next; null where bytes are. Good as `front` is.
  [[nodiscard]] const http::FileBody* front_file() const noexcept {
    return pieces_.empty() || !pieces_.front().file.fd ? nullptr : &pieces_.front().file;
  }

  /// `count` bytes of the front have been written.
  void pop(std::size_t count) {
    Piece& piece = pieces_.front();
    size_ -= count;
    if (piece.file.fd) {
      piece.file.offset += count;
      piece.file.length -= count;
    } else {
      sent_of_front_ += count;
    }
    if (piece.file.fd ? piece.file.length == 0 : sent_of_front_ == piece.bytes.size()) {
      if (piece.bytes.capacity() > spare().capacity() && piece.bytes.capacity() <= 2 * kJoinLimit) {
        piece.bytes.clear();
        spare().swap(piece.bytes);
      }
      pieces_.erase(pieces_.begin());
      sent_of_front_ = 0;
    }
  }

 private:
  static constexpr std::size_t kJoinLimit = std::size_t{32} << 10U;

  // A buffer that has grown, for the next queue of this thread that needs one: idle queues hold none.
  static std::string& spare() {
    thread_local std::string buffer;
    return buffer;
  }

  struct Piece {
    std::string bytes;
    http::FileBody file;  // in their place, where it has a descriptor
  };

  [[nodiscard]] bool can_join(std::size_t count) const noexcept {
    return !pieces_.empty() && !pieces_.back().file.fd && pieces_.back().bytes.size() + count <= kJoinLimit;
  }

  std::vector<Piece> pieces_;
  std::size_t sent_of_front_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace mcdsl::net
