#include "mcdsl/net/internal/timer_wheel.h"

#include <algorithm>

namespace mcdsl::net {

TimerWheel::TimerWheel(Time now) noexcept : now_(tick_of(now)) {}

void TimerWheel::Head::push(Timed& node) noexcept {
  node.previous_ = previous_;
  node.next_ = this;
  previous_->next_ = &node;
  previous_ = &node;
}

Timed* TimerWheel::Head::pop() noexcept {
  if (next_ == this) {
    return nullptr;
  }
  Timed* node = next_;
  node->unlink();
  return node;
}

void TimerWheel::Head::take_all(Head& other) noexcept {
  if (other.next_ == &other) {
    return;
  }
  next_ = other.next_;
  previous_ = other.previous_;
  next_->previous_ = this;
  previous_->next_ = this;
  other.next_ = other.previous_ = &other;
}

void TimerWheel::schedule(Timed& node, Time deadline) noexcept {
  node.deadline_ = tick_of(deadline) + 1;  // the tick within which it falls is over
  if (node.next_ == nullptr || node.slot_tick_ > node.deadline_) {
    link(node);
  }
}

void TimerWheel::advance(Time now) {
  const std::int64_t target = tick_of(now);
  // After a long sleep each slot needs one visit, not one for every tick that passed.
  now_ = std::max(now_, target - kSlots);
  while (now_ < target) {
    ++now_;
    Head due;
    due.take_all(slot(now_));
    while (Timed* node = due.pop()) {
      if (node->deadline_ <= target) {
        node->on_timeout();
      } else {
        link(*node);
      }
    }
  }
}

void TimerWheel::link(Timed& node) noexcept {
  node.unlink();
  node.slot_tick_ = std::clamp(node.deadline_, now_ + 1, now_ + kSlots - 1);
  slot(node.slot_tick_).push(node);
}

}  // namespace mcdsl::net
