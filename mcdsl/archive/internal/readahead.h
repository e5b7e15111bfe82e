#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <string>
#include <thread>

#include "mcdsl/archive/internal/byte_source.h"

namespace mcdsl::archive::internal {

/// Asks another source on a thread of its own, a few pieces ahead: unpacking goes on while files are hashed and
/// written. Lifetime: the source outlives it. What the source throws comes out of `next`.
class Readahead final : public ByteSource {
 public:
  explicit Readahead(ByteSource& source) : source_(source), thread_([this] { run(); }) {}
  ~Readahead() override;

  [[nodiscard]] std::string_view next() override;

 private:
  void run();
  void fill();

  ByteSource& source_;
  std::array<std::string, 8> pieces_;  // a ring
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t filled_ = 0;  // pieces that were put in since the start
  std::size_t taken_ = 0;   // pieces that are no longer used
  bool is_lent_ = false;    // the one at taken_
  bool is_done_ = false;
  bool is_stopped_ = false;
  std::exception_ptr failure_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace mcdsl::archive::internal
