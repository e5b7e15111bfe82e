#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

#include "mcdsl/base/log.h"

namespace mcdsl::log {

struct BufferOptions {
  std::size_t max_bytes = std::size_t{1} << 20U;  ///< of lines that wait; past it lines are dropped and counted
  std::chrono::milliseconds delay{10};            ///< the longest that a line waits for others to go with it
};

/// Keeps lines in memory and gives them to another sink from a thread of its own, many at a time: a slow disk or a full
/// pipe never holds up who logs. Lines of level error are not kept waiting for others.
///
/// Lines that found no room are dropped, and a line says how many. The destructor and `flush` give on what waits; a
/// process that dies without either loses at most what came in the last `delay`. In a child after fork(2), which has no
/// such thread, lines go straight to the other sink.
///
/// The other sink gets several lines at a time, as info, each time no more than a pipe takes at once (PIPE_BUF).
/// Threads: safe from any thread. `write` takes a lock for the time of a copy.
class BufferedSink final : public Sink {
 public:
  /// `format` and `clock` are for the line about lost ones. Throws std::system_error where there is no thread for it.
  explicit BufferedSink(std::shared_ptr<Sink> sink, Format format = Format::logfmt, BufferOptions options = {},
                        const Clock& clock = system_clock());
  ~BufferedSink() override;
  BufferedSink(const BufferedSink&) = delete;
  BufferedSink& operator=(const BufferedSink&) = delete;

  void write(Level level, std::string_view line) noexcept override;

  bool flush(std::chrono::nanoseconds limit) noexcept override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mcdsl::log
