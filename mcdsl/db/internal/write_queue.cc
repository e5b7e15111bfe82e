#include "mcdsl/db/internal/write_queue.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "mcdsl/base/blocking.h"
#include "mcdsl/db/internal/lock_holder.h"

namespace mcdsl::db::internal {
namespace {

// A group's first caller waits for its last job: larger groups gain nothing more per job.
constexpr std::size_t kMaxGroup = 256;

}  // namespace

// A caller of `run`, on its stack. The phase changes under the mutex, so the caller cannot leave while it is told.
struct WriteQueue::Waiter {
  enum class Phase : std::uint8_t { waiting, leading, done };

  const Job& job;
  Phase phase = Phase::waiting;
  bool keep = false;     // the job has run and wants its changes to stay
  bool refused = false;  // the job has run and returned an error of its own
  Result<void> outcome{};
  std::exception_ptr thrown{};
  std::mutex mutex{};
  std::condition_variable changed{};

  void reset() {
    keep = refused = false;
    outcome = {};
    thrown = nullptr;
  }

  void change(Phase next) {
    const std::scoped_lock lock(mutex);
    phase = next;
    changed.notify_one();
  }

  Phase wait() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return phase != Phase::waiting; });
    return phase;
  }
};

WriteQueue::WriteQueue(const config::Database& settings, log::Logger logger)
    : settings_(settings), logger_(std::move(logger)), connection_(settings, Connection::Role::writer) {}

WriteQueue::~WriteQueue() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [&] { return !leading_; });
}

Result<void> WriteQueue::run(const Job& job) {
  Waiter self{.job = job};
  const auto leads = enqueue(self);
  if (!leads) {
    return fail(leads.error());
  }
  if (!*leads) {
    about_to_block();
  }
  if (*leads || self.wait() == Waiter::Phase::leading) {
    lead(self);
  }
  if (self.thrown) {
    std::rethrow_exception(self.thrown);
  }
  return std::move(self.outcome);
}

Result<bool> WriteQueue::enqueue(Waiter& self) {
  const std::scoped_lock lock(mutex_);
  if (!leading_) {
    leading_ = true;
    return true;
  }
  if (leader_ == std::this_thread::get_id()) {
    throw Exception(Code::internal, "database " + settings_.path.string() + ": a write inside a write");
  }
  if (waiters_.size() >= static_cast<std::size_t>(settings_.queue)) {
    return fail(Code::resource_exhausted, "database " + settings_.path.string() + ": " +
                                              std::to_string(waiters_.size()) + " writes wait already");
  }
  waiters_.push_back(&self);
  return false;
}

void WriteQueue::lead(Waiter& self) {
  std::vector<Waiter*> group{&self};
  {
    const std::scoped_lock lock(mutex_);
    leader_ = std::this_thread::get_id();
    while (!waiters_.empty() && group.size() < kMaxGroup) {
      group.push_back(waiters_.front());
      waiters_.pop_front();
    }
  }
  commit(group);
  Waiter* next = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    leader_ = {};
    if (waiters_.empty()) {
      leading_ = false;
      idle_.notify_all();
    } else {
      next = waiters_.front();
      waiters_.pop_front();
    }
  }
  // The next group begins before the callers of this one wake up.
  if (next != nullptr) {
    next->change(Waiter::Phase::leading);
  }
  for (Waiter* waiter : group) {
    if (waiter != &self) {
      waiter->change(Waiter::Phase::done);
    }
  }
}

void WriteQueue::run_job(Waiter& waiter) {
  try {
    WriteTransaction transaction(connection_);
    waiter.keep = waiter.job(transaction);
    waiter.refused = !waiter.keep;
  } catch (...) {
    waiter.thrown = std::current_exception();
    waiter.keep = false;
  }
  if (!waiter.keep) {
    return;
  }
  if (!connection_.in_transaction()) {  // by INSERT OR ROLLBACK, say
    refuse(waiter, Code::aborted, "a statement rolled the transaction back and the job went on");
  } else if (connection_.has_broken_foreign_keys()) {
    refuse(waiter, Code::failed_precondition, "a deferred foreign key is broken at the end of the write");
  }
}

void WriteQueue::refuse(Waiter& waiter, Code code, const char* why) const {
  waiter.outcome = fail(code, "database " + settings_.path.string() + ": " + why);
  waiter.keep = false;
}

Result<void> WriteQueue::begin() {
  if (settings_.synchronous == config::Synchronous::full) {
    about_to_block();  // for the disk
  }
  if (const int code = connection_.try_run("BEGIN IMMEDIATE"); code != SQLITE_DONE) {
    return fail(busy_error(code));
  }
  return {};
}

Error WriteQueue::busy_error(int code) const {
  Error error = connection_.last_error("begin a transaction");
  if ((code & 0xFF) != SQLITE_BUSY) {
    return error;
  }
  const std::string holder = find_write_lock_holder(settings_.path);
  return {Code::unavailable, error.message() + (holder.empty() ? "" : "; the write lock is held by " + holder)};
}

void WriteQueue::roll_back(std::string_view sql) {
  // SQLite may have rolled back by itself: after a full disk, say.
  if (connection_.in_transaction() && connection_.try_run(sql) != SQLITE_DONE) {
    logger_.error("a transaction could not be rolled back", {{"database", settings_.path.string()}});
  }
}

void WriteQueue::commit(const std::vector<Waiter*>& group) {
  if (const auto begun = begin(); !begun) {
    return fail_all(group, begun.error());
  }
  const bool alone = group.size() == 1;  // needs no savepoint
  for (Waiter* waiter : group) {
    if (!alone && connection_.try_run("SAVEPOINT job") != SQLITE_DONE) {
      return fail_all(group, give_up("begin a savepoint"));
    }
    run_job(*waiter);
    if (!waiter->keep) {
      roll_back(alone ? "ROLLBACK" : "ROLLBACK TO job");
    }
    if (!connection_.in_transaction()) {
      return commit_without(group, waiter);
    }
    if (!alone && connection_.try_run("RELEASE job") != SQLITE_DONE) {
      return fail_all(group, give_up("end a savepoint"));
    }
  }
  if (connection_.try_run("COMMIT") != SQLITE_DONE) {
    fail_all(group, give_up("commit"));
  }
}

// The job's failure took the whole transaction with it (a full disk does that). The others have done nothing wrong:
// they run again without it.
void WriteQueue::commit_without(const std::vector<Waiter*>& group, const Waiter* failed) {
  std::vector<Waiter*> others;
  for (Waiter* waiter : group) {
    if (waiter != failed) {
      waiter->reset();
      others.push_back(waiter);
    }
  }
  if (!others.empty()) {
    commit(others);
  }
}

Error WriteQueue::give_up(std::string_view doing) {
  Error error = connection_.last_error(doing);
  roll_back("ROLLBACK");
  return error;
}

// Jobs that have failed by themselves keep their own reason.
void WriteQueue::fail_all(const std::vector<Waiter*>& group, const Error& error) {
  for (Waiter* waiter : group) {
    if (!waiter->thrown && waiter->outcome && !waiter->refused) {
      waiter->outcome = fail(error);
    }
  }
}

}  // namespace mcdsl::db::internal
