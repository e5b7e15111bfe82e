#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "mcdsl/net/internal/http1_parser.h"
#include "mcdsl/net/server.h"

namespace mcdsl::net {

/// A number that one thread at a time counts up and any thread may read.
class Counter {
 public:
  void operator++() noexcept { value_.store(get() + 1, std::memory_order_relaxed); }
  void operator--() noexcept { value_.store(get() - 1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// What one loop has done.
struct Counters {
  Counter accepted;
  Counter open;
  Counter requests;
  Counter malformed;
  std::array<Counter, kLimits> limited;

  void note(Limit limit) noexcept { ++limited[static_cast<std::size_t>(limit)]; }

  /// A request that the protocol refuses for what has come of it; who refuses it for its time notes which.
  void note_refusal(const http::Refusal& refusal) noexcept {
    switch (refusal.status) {
      case 413:
        return note(Limit::max_body_bytes);
      case 414:
        return note(Limit::max_header_bytes);
      case 431:
        return note(refusal.text == kTooManyFields.text ? Limit::max_header_fields : Limit::max_header_bytes);
      case 408:
      case 503:
        return;
      default:
        ++malformed;
    }
  }
};

}  // namespace mcdsl::net
