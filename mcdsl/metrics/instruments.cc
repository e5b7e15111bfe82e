#include "mcdsl/metrics/instruments.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "mcdsl/base/error.h"

namespace mcdsl::metrics {

Buckets Buckets::durations() {
  constexpr std::uint64_t kMicrosecond = 1000;
  constexpr std::uint64_t kMillisecond = 1000 * kMicrosecond;
  constexpr std::uint64_t kSecond = 1000 * kMillisecond;
  return {
      .bounds = {100 * kMicrosecond, 250 * kMicrosecond, 500 * kMicrosecond, 1 * kMillisecond, 2500 * kMicrosecond,
                 5 * kMillisecond, 10 * kMillisecond, 25 * kMillisecond, 50 * kMillisecond, 100 * kMillisecond,
                 250 * kMillisecond, 500 * kMillisecond, 1 * kSecond, 2500 * kMillisecond, 5 * kSecond, 10 * kSecond},
      .per_unit = kSecond};
}

Buckets Buckets::sizes() {
  Buckets buckets;
  for (std::uint64_t bound = 256; bound <= std::uint64_t{64} << 20U; bound *= 4) {
    buckets.bounds.push_back(bound);
  }
  return buckets;
}

Histogram::Histogram(Buckets buckets) : buckets_(std::move(buckets)), counts_(buckets_.bounds.size() + 1) {
  const auto& bounds = buckets_.bounds;
  if (bounds.empty() || std::ranges::adjacent_find(bounds, std::greater_equal()) != bounds.end()) {
    throw Exception(Code::internal, "Histogram: the bounds of its buckets must grow, and there must be one");
  }
  if (buckets_.per_unit == 0) {
    throw Exception(Code::internal, "Histogram: per_unit is 0");
  }
}

void Histogram::observe(std::uint64_t value) noexcept {
  const auto bucket = std::ranges::lower_bound(buckets_.bounds, value) - buckets_.bounds.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<std::uint64_t> Histogram::counts() const {
  std::vector<std::uint64_t> counts;
  counts.reserve(counts_.size());
  for (const auto& count : counts_) {
    counts.push_back(count.load(std::memory_order_relaxed));
  }
  return counts;
}

}  // namespace mcdsl::metrics
