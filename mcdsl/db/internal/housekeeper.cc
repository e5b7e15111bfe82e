#include "mcdsl/db/internal/housekeeper.h"

#include <chrono>
#include <exception>
#include <utility>

#include "mcdsl/db/internal/lock_holder.h"

namespace mcdsl::db::internal {
namespace {

using namespace std::chrono_literals;

// Between two looks while somebody writes.
constexpr auto kRound = 500ms;

// Without a write, after which the log is emptied: 5 s. A service that writes now and then is not made to sync for
// each.
constexpr int kIdleRounds = 10;

// Pages that make it worth while to bring them home: 4 MiB, SQLite's own measure (sqlite.org/wal.html §2.2).
constexpr std::int64_t kWorthwhile = 1000;

// Past this the log is begun anew, for which writers wait: 64 MiB. Below it is left to chance, since it takes a moment
// in which neither a writer nor a reader uses the log.
constexpr std::int64_t kBound = 16'384;

}  // namespace

Housekeeper::Housekeeper(const config::Database& settings, const Dependencies& dependencies, WriteQueue& writer,
                         ReaderPool& readers)
    : settings_(settings), logger_(dependencies.logger), writer_(writer), readers_(readers), next_attempt_(kBound) {}

void Housekeeper::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

// A thread that goes to sleep says so before it looks for the last time; a writer writes before it looks whether the
// thread sleeps. So one of them sees the other.
void Housekeeper::note_commit() noexcept {
  const bool has_work = writer_.wal_pages() - home_.load(std::memory_order_relaxed) >= kWorthwhile;
  if (!has_work && !sleeps_.load()) {
    return;
  }
  const std::scoped_lock lock(mutex_);
  if (!is_called_) {
    is_called_ = true;
    called_.notify_one();
  }
}

void Housekeeper::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    lock.unlock();
    bool is_busy = true;
    try {
      is_busy = look();
    } catch (const std::exception& problem) {  // writers meet it too, and say so to their callers
      logger_.error("the write-ahead log cannot be brought home",
                    {{"database", settings_.path.string()}, {"error", problem.what()}});
    }
    lock.lock();
    wait(lock, stop, is_busy);
  }
}

void Housekeeper::wait(std::unique_lock<std::mutex>& lock, const std::stop_token& stop, bool is_busy) {
  const auto is_called = [this] { return is_called_; };
  if (is_busy) {
    called_.wait_for(lock, stop, kRound, is_called);
  } else {
    sleeps_ = true;
    if (writer_.writes() == seen_writes_) {
      called_.wait(lock, stop, is_called);
    }
    sleeps_ = false;
  }
  is_called_ = false;
}

bool Housekeeper::look() {
  const std::uint64_t writes = writer_.writes();
  idle_rounds_ = writes == std::exchange(seen_writes_, writes) ? idle_rounds_ + 1 : 0;
  readers_.report_slow();
  writer_.make_room_for_others(is_used_by_others(settings_.path));
  const std::int64_t pages = writer_.wal_pages();
  if (pages == 0 || idle_rounds_ >= kIdleRounds) {
    return pages > 0 && !empty();
  }
  if (pages < home_) {  // the log began anew
    home_ = 0;
  }
  if (pages - home_ >= kWorthwhile) {
    bring_home(pages);
  }
  return true;
}

void Housekeeper::bring_home(std::int64_t pages) {
  home_ = pages;  // first, so that writers do not call again for the same pages
  if (!connection_) {
    connection_.emplace(settings_, Connection::Role::copier);
  }
  (void)connection_->checkpoint(Connection::CheckpointKind::passive);
  if (pages < kBound) {
    next_attempt_ = kBound;
  } else if (pages >= next_attempt_) {
    begin_anew(pages);
  }
}

void Housekeeper::begin_anew(std::int64_t pages) {
  const auto result = checkpoint_in_turn(Connection::CheckpointKind::restart);
  if (result.is_complete) {
    home_ = 0;
    next_attempt_ = kBound;
    return;
  }
  next_attempt_ = pages + pages / 4;
  const std::string reader = readers_.longest();
  logger_.warn("the write-ahead log grows, since somebody reads an old state of the database",
               {{"database", settings_.path.string()},
                {"pages", result.pages},
                {"reader", reader.empty() ? "another process or a snapshot" : reader}});
}

bool Housekeeper::empty() {
  home_ = 0;
  return checkpoint_in_turn(Connection::CheckpointKind::truncate).is_complete;
}

// On the writer's connection, since these keep writers out.
Connection::Checkpoint Housekeeper::checkpoint_in_turn(Connection::CheckpointKind kind) {
  Connection::Checkpoint result;
  // With too many writers in the queue there is no turn for it: next time.
  (void)writer_.run_outside([&](Connection& connection) { result = connection.checkpoint(kind); });
  return result;
}

}  // namespace mcdsl::db::internal
