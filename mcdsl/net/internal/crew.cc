#include "mcdsl/net/internal/crew.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <system_error>
#include <utility>

#include "mcdsl/base/error.h"
#include "mcdsl/net/internal/loop.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookInterval = 500us;
constexpr int kQuietLooks = 6;  // then the monitor sleeps until a handler runs

// Signals are for the thread that waits for them, never for ours.
template <class Body>
std::thread start_without_signals(Body body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread thread(std::move(body));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return thread;
  } catch (const std::system_error& problem) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw Exception(Code::resource_exhausted, std::string("start a thread: ") + problem.what());
  }
}

}  // namespace

// Every loop has a thread, and a handler is entered while as many again are available: the last of `max_handlers` finds
// just those. Loops that enter theirs at the same instant may exceed `max_handlers` by one each.
Crew::Crew(std::size_t max_handlers, std::size_t loops, log::Logger logger)
    : max_threads_(max_handlers + 2 * loops - 1),
      loops_(loops),
      logger_(std::move(logger)),
      available_(static_cast<std::ptrdiff_t>(max_threads_)),
      limit_(max_threads_) {
  assignments_.reserve(max_threads_);
  threads_.reserve(max_threads_);
}

Crew::~Crew() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void Crew::add_thread() {
  threads_.push_back(start_without_signals([this] { work(); }));
  ++spares_;
  count_available();
}

bool Crew::provide_thread() noexcept {
  if (spares_ > assignments_.size()) {
    return true;
  }
  if (threads_.size() >= limit_) {
    return false;
  }
  try {
    add_thread();
    return true;
  } catch (const std::exception& problem) {
    limit_ = threads_.size();  // until one of them comes back: the system may have room again then
    count_available();
    logger_.error("no thread for a handler that blocks", {{"error", problem.what()}});
    return false;
  }
}

void Crew::assign(Assignment assignment) noexcept {
  assignments_.push_back(assignment);
  count_available();
  changed_.notify_one();
}

void Crew::count_available() noexcept {
  available_.store(static_cast<std::ptrdiff_t>(spares_ + limit_ - threads_.size()) -
                       static_cast<std::ptrdiff_t>(assignments_.size()),
                   std::memory_order_relaxed);
}

void Crew::start(Loop& loop) {
  const std::scoped_lock lock(mutex_);
  add_thread();
  loop.mark_running();
  assign({.loop = &loop, .turn = 0, .exchange = nullptr});
}

void Crew::take_over(Loop& loop, Turn turn) noexcept {
  const std::scoped_lock lock(mutex_);
  // First a thread, then the loop: one that nobody could run must stay with its handler's thread.
  if (loop.turn() == turn && provide_thread() && loop.try_take(turn)) {
    takeovers_.fetch_add(1, std::memory_order_relaxed);
    assign({.loop = &loop, .turn = turn + 1, .exchange = nullptr});
  }
}

bool Crew::lend(Loop& loop, Exchange& exchange) noexcept {
  const std::scoped_lock lock(mutex_);
  if (!has_reserve() || !provide_thread()) {
    return false;
  }
  assign({.loop = &loop, .turn = 0, .exchange = &exchange});
  return true;
}

void Crew::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || !assignments_.empty(); });
    if (assignments_.empty()) {
      return;
    }
    const Assignment assignment = assignments_.front();
    assignments_.erase(assignments_.begin());
    --spares_;
    count_available();
    lock.unlock();
    if (assignment.exchange != nullptr) {
      assignment.loop->serve_apart(*assignment.exchange);
    } else {
      assignment.loop->run(assignment.turn);
    }
    lock.lock();
    ++spares_;
    limit_ = max_threads_;
    count_available();
  }
}

Monitor::Monitor(Crew& crew, const std::vector<Loop*>& loops) : crew_(crew), loops_(loops), seen_(loops.size()) {
  thread_ = start_without_signals([this] { watch(); });
}

Monitor::~Monitor() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

bool Monitor::look() {
  bool active = false;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    const Turn turn = loops_[i]->turn();
    const bool in_handler = turn % 2 == 1;
    active = active || in_handler || turn != seen_[i];
    if (in_handler && turn == seen_[i]) {
      crew_.take_over(*loops_[i], turn);
    }
    seen_[i] = turn;
  }
  return active;
}

void Monitor::watch() {
  int quiet_looks = 0;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    quiet_looks = look() ? 0 : quiet_looks + 1;
    if (quiet_looks < kQuietLooks) {
      changed_.wait_for(lock, kLookInterval);
      continue;
    }
    // Store, then look once more: a loop enters its handler, then reads the flag. One of the two sees the other.
    asleep_.store(true, std::memory_order_seq_cst);
    if (!look()) {
      changed_.wait(lock, [&] { return stopping_ || !asleep_.load(); });
    }
    asleep_.store(false, std::memory_order_seq_cst);
    quiet_looks = 0;
  }
}

void Monitor::wake() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    asleep_.store(false, std::memory_order_seq_cst);
  }
  changed_.notify_one();
}

}  // namespace mcdsl::net
