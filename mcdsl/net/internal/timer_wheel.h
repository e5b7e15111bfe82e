#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "mcdsl/base/clock.h"

namespace mcdsl::net {

/// What can be given a deadline: a node of the wheel's lists, in at most one of them.
class Timed {
 public:
  Timed() = default;
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;
  virtual ~Timed() { unlink(); }

  /// The deadline has passed, and there is none now.
  virtual void on_timeout() = 0;

 private:
  friend class TimerWheel;

  void unlink() noexcept {
    if (next_ != nullptr) {
      previous_->next_ = next_;
      next_->previous_ = previous_;
      next_ = previous_ = nullptr;
    }
  }

  Timed* next_ = nullptr;
  Timed* previous_ = nullptr;
  std::int64_t deadline_ = 0;  // in ticks, as `slot_tick_`
  std::int64_t slot_tick_ = 0;
};

/// Deadlines of many connections, to a quarter of a second, never early. Moving a deadline further away, which every
/// request does, is one store: the node stays in its early slot and is put on when that slot comes up.
/// Threads: one at a time. Lifetime: outlives its nodes.
class TimerWheel {
 public:
  using Time = Clock::SteadyTime;
  static constexpr auto kTick = std::chrono::milliseconds(250);

  explicit TimerWheel(Time now) noexcept;

  /// Sets or moves a node's deadline.
  void schedule(Timed& node, Time deadline) noexcept;

  /// Calls `on_timeout` of each node whose deadline has passed; it may schedule nodes and destroy its own.
  void advance(Time now);

 private:
  static constexpr std::int64_t kSlots = 256;  // 64 s; later deadlines go round again

  struct Head : Timed {
    Head() noexcept { next_ = previous_ = this; }
    void push(Timed& node) noexcept;
    Timed* pop() noexcept;
    void take_all(Head& other) noexcept;
    void on_timeout() override {}
  };

  static std::int64_t tick_of(Time time) noexcept { return time.time_since_epoch() / kTick; }
  Head& slot(std::int64_t tick) noexcept { return slots_[static_cast<std::size_t>(tick % kSlots)]; }
  void link(Timed& node) noexcept;

  std::int64_t now_;
  std::array<Head, kSlots> slots_;
};

}  // namespace mcdsl::net
