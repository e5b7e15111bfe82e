#pragma once

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "mcdsl/base/blocking.h"

namespace mcdsl::auth::internal {

/// Runs `work(i)` on `count` threads at once. Each counts down `blocked` when it first says that it is about to block,
/// so that a test can hold an answer back until everyone waits for it.
class TestThreads {
 public:
  template <class Work>
  TestThreads(int count, Work work) : blocked_(count) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this, work, i] {
        Observer observer(blocked_);
        set_blocking_observer(&observer);
        work(i);
        set_blocking_observer(nullptr);
      });
    }
  }

  void wait_until_all_block() { blocked_.wait(); }
  void join() { threads_.clear(); }

 private:
  class Observer final : public BlockingObserver {
   public:
    explicit Observer(std::latch& blocked) : blocked_(blocked) {}
    void about_to_block() noexcept override {
      if (!counted_) {
        counted_ = true;
        blocked_.count_down();
      }
    }

   private:
    std::latch& blocked_;
    bool counted_ = false;
  };

  std::latch blocked_;
  std::vector<std::jthread> threads_;
};

}  // namespace mcdsl::auth::internal
