#pragma once

namespace mcdsl {

/// Told that the current thread is about to wait: an event loop installs one on the threads it runs handlers on, so
/// that another thread can take the loop over before the wait begins and not half a millisecond into it.
class BlockingObserver {
 public:
  virtual ~BlockingObserver() = default;
  virtual void about_to_block() noexcept = 0;

 protected:
  BlockingObserver() = default;
  BlockingObserver(const BlockingObserver&) = default;
  BlockingObserver& operator=(const BlockingObserver&) = default;
};

/// Call before a wait that lasts longer than a thread switch (about 20 microseconds): a queue that is not empty, a call
/// over the network. Free where no observer is installed. Never needed for correctness.
void about_to_block() noexcept;

/// Installs an observer on this thread (null for none) and returns the one before it.
BlockingObserver* set_blocking_observer(BlockingObserver* observer) noexcept;

}  // namespace mcdsl
