#include "mcdsl/db/internal/reader_pool.h"

#include <algorithm>
#include <thread>

#include "mcdsl/base/blocking.h"
#include "mcdsl/db/internal/origin.h"

namespace mcdsl::db::internal {
namespace {

// A small number for each thread, so that a few threads spread over as many connections.
std::size_t number_of_thread() noexcept {
  static std::atomic<std::size_t> threads = 0;
  static thread_local const std::size_t number = threads++;
  return number;
}

}  // namespace

ReaderPool::ReaderPool(const config::Database& settings, const Dependencies& dependencies)
    : settings_(settings), logger_(dependencies.logger), clock_(dependencies.clock) {
  for (std::int64_t i = 0; i < settings.readers; ++i) {
    readers_.push_back(std::make_unique<PooledReader>(settings));
  }
}

ReaderPool::~ReaderPool() {
  std::unique_lock lock(mutex_);
  ++waiting_;
  returned_.wait(lock, [&] { return lent() == 0; });
  lock.unlock();
  for (const auto& reader : readers_) {
    while (reader->leaving != 0) {
      std::this_thread::yield();
    }
  }
}

std::size_t ReaderPool::lent() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(readers_, [](const auto& reader) { return reader->is_taken.load(); }));
}

PooledReader* ReaderPool::try_take() noexcept {
  const std::size_t first = number_of_thread();
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    PooledReader& reader = *readers_[(first + i) % readers_.size()];
    if (!reader.is_taken.load(std::memory_order_relaxed) && !reader.is_taken.exchange(true)) {
      return &reader;
    }
  }
  return nullptr;
}

// Either the one who waits sees the connection, or this sees that somebody waits: both sides write before they look.
void ReaderPool::put_back(PooledReader& reader) noexcept {
  ++reader.leaving;
  reader.is_taken.store(false);
  if (waiting_.load() != 0) {
    const std::scoped_lock lock(mutex_);
    returned_.notify_one();
  }
  --reader.leaving;
}

PooledReader& ReaderPool::acquire(const std::source_location& origin) {
  PooledReader* reader = try_take();
  if (reader == nullptr) {
    about_to_block();
    std::unique_lock lock(mutex_);
    ++waiting_;
    returned_.wait(lock, [&] {
      reader = try_take();
      return reader != nullptr;
    });
    --waiting_;
  }
  reader->file.store(origin.file_name(), std::memory_order_relaxed);
  reader->line.store(origin.line(), std::memory_order_relaxed);
  reader->since.store(clock_.steady().time_since_epoch().count(), std::memory_order_release);
  if (const int code = reader->connection.try_control(Control::begin); code != SQLITE_DONE) {
    const Error problem = reader->connection.error(code, "begin to read");
    put_back(*reader);
    throw Exception(problem);
  }
  return *reader;
}

void ReaderPool::release(PooledReader& reader) noexcept {
  if (reader.connection.in_transaction()) {
    (void)reader.connection.try_control(Control::rollback);  // of a read: only ends the snapshot
  }
  if (settings_.slow_job > std::chrono::nanoseconds(0)) {
    report_if_slow(reader, clock_.steady());
  }
  reader.since.store(0, std::memory_order_relaxed);
  reader.is_reported.store(false, std::memory_order_relaxed);
  put_back(reader);
}

void ReaderPool::report_slow() const {
  const auto now = clock_.steady();
  for (const auto& reader : readers_) {
    report_if_slow(*reader, now);
  }
}

void ReaderPool::report_if_slow(PooledReader& reader, Clock::SteadyTime now) const {
  const auto since = reader.since.load(std::memory_order_acquire);
  const auto took = now.time_since_epoch() - Clock::SteadyTime::duration(since);
  if (since == 0 || !is_slow(settings_, took)) {
    return;
  }
  const std::string origin = describe(reader.file, reader.line);
  if (reader.since.load() == since && !reader.is_reported.exchange(true)) {
    logger_.warn("a read keeps the write-ahead log from shrinking",
                 {{"database", settings_.path.string()}, {"origin", origin}, {"for", took}});
  }
}

std::string ReaderPool::longest() const {
  const PooledReader* longest = nullptr;
  for (const auto& reader : readers_) {
    if (reader->since != 0 && (longest == nullptr || reader->since < longest->since)) {
      longest = reader.get();
    }
  }
  return longest == nullptr ? "" : describe(longest->file, longest->line);
}

}  // namespace mcdsl::db::internal
