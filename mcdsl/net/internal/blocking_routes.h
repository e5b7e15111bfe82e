#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mcdsl::net {

/// Learns which routes have handlers that block, so that these can be given to a thread of their own at once instead of
/// when the monitor has noticed. One that blocks more often than about one time in nine counts. Costs nothing while no
/// handler blocks.
/// Threads: the loop's owner.
class BlockingRoutes {
 public:
  [[nodiscard]] bool is_blocking(std::string_view route) const noexcept {
    const auto entry = std::ranges::find(entries_, route, &Entry::route);
    return entry != entries_.end() && entry->score >= kBlockingScore;
  }

  void note_blocked(std::string_view route) {
    const auto entry = std::ranges::find(entries_, route, &Entry::route);
    if (entry != entries_.end()) {
      entry->score = std::min(entry->score + kBlockedWeight, kMaxScore);
    } else if (entries_.size() < kMaxEntries) {
      entries_.push_back({std::string(route), kBlockedWeight});
    }
  }

  void note_fast(std::string_view route) {
    if (entries_.empty()) {
      return;
    }
    const auto entry = std::ranges::find(entries_, route, &Entry::route);
    if (entry != entries_.end() && --entry->score == 0) {
      entries_.erase(entry);
    }
  }

 private:
  struct Entry {
    std::string route;
    int score;
  };
  static constexpr int kBlockedWeight = 8;
  static constexpr int kBlockingScore = 16;
  static constexpr int kMaxScore = 32;
  static constexpr std::size_t kMaxEntries = 64;

  std::vector<Entry> entries_;
};

}  // namespace mcdsl::net
