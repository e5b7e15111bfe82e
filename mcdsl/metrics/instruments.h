#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mcdsl::metrics {

// What stands in a line of its own is never pulled from core to core by a neighbour.
inline constexpr std::size_t kCacheLine = 64;

/// A number that only grows. Threads: safe from any thread; `add` is one relaxed atomic addition.
class alignas(kCacheLine) Counter {
 public:
  void add(std::uint64_t count = 1) noexcept { value_.fetch_add(count, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// A number that goes up and down. Threads: safe from any thread.
class alignas(kCacheLine) Gauge {
 public:
  void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t change) noexcept { value_.fetch_add(change, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// How a histogram sorts what it observes. Values are whole numbers of a small unit, so that adding one to the sum is
/// one instruction; they are exposed in the base unit that Prometheus asks for (seconds, bytes).
struct Buckets {
  std::vector<std::uint64_t> bounds;  ///< the largest value of each bucket, growing; a last one takes the rest
  std::uint64_t per_unit = 1;         ///< how many of the small unit are one of the base unit

  /// Nanoseconds exposed as seconds: 100 us to 10 s, what requests take.
  [[nodiscard]] static Buckets durations();
  /// Bytes: 256 to 64 Mi, each bound four times the one before.
  [[nodiscard]] static Buckets sizes();

  bool operator==(const Buckets&) const = default;
};

/// Counts values by size. Threads: safe from any thread; `observe` takes two relaxed atomic additions.
class alignas(kCacheLine) Histogram {
 public:
  /// Throws Exception (internal) where the bounds are empty or do not grow, or `per_unit` is 0.
  explicit Histogram(Buckets buckets);
  ~Histogram() = default;
  Histogram(const Histogram&) = delete;
  Histogram& operator=(const Histogram&) = delete;

  void observe(std::uint64_t value) noexcept;
  /// For `Buckets::durations()`; what is below zero counts as zero.
  void observe(std::chrono::nanoseconds duration) noexcept {
    observe(duration.count() > 0 ? static_cast<std::uint64_t>(duration.count()) : 0);
  }

  [[nodiscard]] const Buckets& buckets() const noexcept { return buckets_; }
  /// How many values each bucket holds by itself; one more than there are bounds.
  [[nodiscard]] std::vector<std::uint64_t> counts() const;
  /// Of all values, in the small unit. May be ahead of or behind `counts` by what is observed right now.
  [[nodiscard]] std::uint64_t sum() const noexcept { return sum_.load(std::memory_order_relaxed); }

 private:
  Buckets buckets_;
  std::vector<std::atomic<std::uint64_t>> counts_;
  std::atomic<std::uint64_t> sum_{0};
};

}  // namespace mcdsl::metrics
