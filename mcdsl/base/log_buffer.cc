#include "mcdsl/base/log_buffer.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace mcdsl::log {
namespace {

// Tells a process from its child after fork(2) without a system call: a page that the kernel empties in the child.
class ForkMark {
 public:
  ForkMark() : size_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) {
    void* page = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
      throw std::system_error(errno, std::generic_category(), "mmap");
    }
    (void)::madvise(page, size_, MADV_WIPEONFORK);  // without it (Linux before 4.14) children look like their parent
    here_ = new (page) std::atomic<bool>(true);
  }
  ~ForkMark() { ::munmap(here_, size_); }
  ForkMark(const ForkMark&) = delete;
  ForkMark& operator=(const ForkMark&) = delete;

  [[nodiscard]] bool is_child() const noexcept { return !here_->load(std::memory_order_relaxed); }

 private:
  std::size_t size_;
  std::atomic<bool>* here_ = nullptr;
};

// Whole lines of a text, not more than the kernel writes to a pipe in one piece where other processes write to it too
// (pipe(7)); a line that is longer by itself goes alone.
std::string_view take_lines(std::string_view& text) {
  std::size_t end = text.size();
  if (end > PIPE_BUF) {
    const auto last = text.rfind('\n', PIPE_BUF - 1);
    end = last != std::string_view::npos ? last + 1 : std::min(text.find('\n'), end - 1) + 1;
  }
  const std::string_view lines = text.substr(0, end);
  text.remove_prefix(end);
  return lines;
}

}  // namespace

struct BufferedSink::State {
  State(std::shared_ptr<Sink> to, Format format, BufferOptions given, const Clock& clock)
      : sink(std::move(to)), reporter(sink, format, clock), options(given), writer([this] { run(); }) {}

  ~State() {
    {
      const std::scoped_lock lock(mutex);
      stopping = true;
    }
    work.notify_one();
    writer.join();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void run();
  void give_on(std::string_view lines, std::uint64_t lost);

  const std::shared_ptr<Sink> sink;
  const Logger reporter;
  const BufferOptions options;
  const ForkMark mark;

  std::mutex mutex;
  std::condition_variable work;  // for the writer
  std::condition_variable done;  // for who flushes
  std::string waiting;
  std::uint64_t lost = 0;      // lines that found no room since the last report
  std::uint64_t taken = 0;     // lines that came, also those that were lost
  std::uint64_t finished = 0;  // of them, those that the writer is through with
  bool urgent = false;
  bool stopping = false;

  std::thread writer;  // last: it uses all of the above
};

void BufferedSink::State::give_on(std::string_view lines, std::uint64_t lost_lines) {
  while (!lines.empty()) {
    sink->write(Level::info, take_lines(lines));
  }
  if (lost_lines > 0) {
    try {
      reporter.warn("log lines were dropped", {{"lines", lost_lines}});
    } catch (const std::bad_alloc&) {
      return;  // no memory for that line either: it is one more that is dropped
    }
  }
}

void BufferedSink::State::run() {
  constexpr std::size_t kKeptCapacity = std::size_t{64} << 10U;
  std::string lines;
  std::unique_lock lock(mutex);
  while (true) {
    work.wait(lock, [this] { return stopping || !waiting.empty() || lost > 0; });
    // One wake-up for the lines of this time instead of one for each.
    work.wait_for(lock, options.delay, [this] { return stopping || urgent; });
    if (stopping && waiting.empty() && lost == 0) {
      return;
    }
    lines.swap(waiting);
    const std::uint64_t lost_lines = std::exchange(lost, 0);
    const std::uint64_t reached = taken;
    urgent = false;
    lock.unlock();
    give_on(lines, lost_lines);
    lines.clear();
    if (lines.capacity() > kKeptCapacity) {
      lines.shrink_to_fit();  // a burst is no reason to keep its memory
    }
    lock.lock();
    finished = reached;
    done.notify_all();
  }
}

BufferedSink::BufferedSink(std::shared_ptr<Sink> sink, Format format, BufferOptions options, const Clock& clock)
    : state_(std::make_unique<State>(std::move(sink), format, options, clock)) {}

BufferedSink::~BufferedSink() {
  if (state_->mark.is_child()) {
    (void)state_.release();  // its thread and its lines are the parent's
  }
}

void BufferedSink::write(Level level, std::string_view line) noexcept {
  State& state = *state_;
  if (state.mark.is_child()) {
    state.sink->write(level, line);
    return;
  }
  bool wake = false;
  {
    const std::scoped_lock lock(state.mutex);
    const bool was_idle = state.waiting.empty() && state.lost == 0;
    try {
      if (line.size() > state.options.max_bytes - std::min(state.waiting.size(), state.options.max_bytes)) {
        ++state.lost;
      } else {
        state.waiting.append(line);
      }
    } catch (const std::bad_alloc&) {
      ++state.lost;
    }
    ++state.taken;
    const bool was_urgent = state.urgent;
    state.urgent = was_urgent || level == Level::error || state.waiting.size() >= state.options.max_bytes / 2;
    wake = was_idle || state.urgent != was_urgent;
  }
  if (wake) {
    state.work.notify_one();
  }
}

bool BufferedSink::flush(std::chrono::nanoseconds limit) noexcept {
  State& state = *state_;
  if (state.mark.is_child()) {
    return state.sink->flush(limit);
  }
  const auto deadline = std::chrono::steady_clock::now() + limit;
  {
    std::unique_lock lock(state.mutex);
    const std::uint64_t target = state.taken;
    if (state.finished < target) {
      state.urgent = true;
      state.work.notify_one();
      if (!state.done.wait_until(lock, deadline, [&] { return state.finished >= target; })) {
        return false;
      }
    }
  }
  return state.sink->flush(deadline - std::chrono::steady_clock::now());
}

}  // namespace mcdsl::log
