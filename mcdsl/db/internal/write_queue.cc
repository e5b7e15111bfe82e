#include "mcdsl/db/internal/write_queue.h"

#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "mcdsl/base/blocking.h"
#include "mcdsl/db/internal/origin.h"

namespace mcdsl::db::internal {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// The first job of a group waits for the last: larger groups gain nothing more per job.
constexpr std::size_t kMaxGroup = 256;

// How long a caller works for others before it hands over. A hand-over costs a thread switch, about 20 microseconds.
constexpr auto kLeadership = 1ms;

// The room for other processes, see make_room_for_others. Those that use this library poll every millisecond at
// least, SQLite's own busy handler every 100 ms: it has 50 tries within a timeout of 5 s, each with one chance in five.
constexpr auto kPause = 2ms;
constexpr auto kBetweenPauses = 8ms;

}  // namespace

// A caller of `run`, on its stack. Belongs to the leader until its batch is done.
struct WriteQueue::Waiter {
  const Job job;
  const Sharing sharing;
  const std::source_location origin;

  Waiter* next = nullptr;
  std::uint32_t batch = 0;
  bool is_first = false;  // of its batch
  bool leads = false;     // it is told to

  bool keep = false;     // the job has run and wants its changes to stay
  bool refused = false;  // the job has run and returned an error of its own
  bool is_out = false;   // its failure has undone the work of others once: it has no second try
  Result<void> outcome{};
  std::exception_ptr thrown{};

  void reset() {
    keep = refused = false;
    outcome = {};
    thrown = nullptr;
  }
};

WriteQueue::WriteQueue(const config::Database& settings, const Dependencies& dependencies)
    : settings_(settings),
      logger_(dependencies.logger),
      clock_(dependencies.clock),
      connection_(settings, Connection::Role::writer),
      forming_{.number = 2} {}  // the first number that no futex shows

WriteQueue::~WriteQueue() {
  {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [&] { return !is_led_; });
  }
  while (inside_ != 0) {  // on their way out
    std::this_thread::yield();
  }
}

std::size_t WriteQueue::waiting() const {
  const std::scoped_lock lock(mutex_);
  return forming_.size;
}

// --- who leads ------------------------------------------------------------------------------------------------------

Result<void> WriteQueue::run(Job job, const WriteOptions& options, const std::source_location& origin) {
  Waiter self{.job = job, .sharing = options.own_transaction ? Sharing::alone : Sharing::group, .origin = origin};
  return take_part(self);
}

Result<void> WriteQueue::run_outside(FunctionRef<void(Connection&)> work) {
  const auto job = [&](Connection& connection) {
    work(connection);
    return true;
  };
  Waiter self{.job = job, .sharing = Sharing::no_transaction, .origin = std::source_location::current()};
  return take_part(self);
}

Result<void> WriteQueue::take_part(Waiter& self) {
  const auto leads = enqueue(self);
  if (!leads) {
    return fail(leads.error());
  }
  if (*leads) {
    lead(self, {.first = &self, .last = &self, .size = 1, .number = 0});
  } else {
    about_to_block();
    wait(self);
    if (self.leads) {
      lead(self, take_over());
    }
  }
  --inside_;
  if (self.thrown) {
    std::rethrow_exception(self.thrown);
  }
  return std::move(self.outcome);
}

Result<bool> WriteQueue::enqueue(Waiter& self) {
  const std::scoped_lock lock(mutex_);
  if (!is_led_) {
    is_led_ = true;
    leader_ = std::this_thread::get_id();
    ++inside_;
    return true;
  }
  if (leader_ == std::this_thread::get_id()) {
    throw Exception(Code::internal, "database " + settings_.path.string() + ": a write inside a write");
  }
  if (forming_.size >= static_cast<std::size_t>(settings_.queue)) {
    return fail(Code::resource_exhausted,
                "database " + settings_.path.string() + ": " + std::to_string(forming_.size) + " writes wait already");
  }
  self.batch = forming_.number;
  self.is_first = forming_.size == 0;
  (self.is_first ? forming_.first : forming_.last->next) = &self;
  forming_.last = &self;
  ++forming_.size;
  ++inside_;
  return false;
}

void WriteQueue::wait(const Waiter& self) noexcept {
  (self.is_first ? first_called_ : done_)[self.batch % 2].wait_for(self.batch);
}

// Under the mutex.
WriteQueue::Batch WriteQueue::take_batch() noexcept {
  return std::exchange(forming_, {.number = forming_.number + 1});
}

WriteQueue::Batch WriteQueue::take_over() {
  const std::scoped_lock lock(mutex_);
  leader_ = std::this_thread::get_id();
  return take_batch();
}

void WriteQueue::lead(const Waiter& self, Batch batch) {
  const SteadyTime start = steady_clock::now();
  for (;;) {
    make_room();
    run_batch(batch);
    release(batch, self);
    last_end_ = steady_clock::now();
    std::unique_lock lock(mutex_);
    if (forming_.size == 0) {
      leader_ = {};
      is_led_ = false;
      return idle_.notify_all();
    }
    if (last_end_ - start > kLeadership) {
      leader_ = {};
      forming_.first->leads = true;
      Futex& call = first_called_[forming_.number % 2];
      call.advance_to(forming_.number);
      lock.unlock();
      return call.wake_all();
    }
    batch = take_batch();
  }
}

// From here on the callers of the batch go their ways, except the leader itself.
void WriteQueue::release(const Batch& batch, const Waiter& self) noexcept {
  const bool is_own = batch.first == &self;
  const bool has_others = batch.size > 1;
  const auto parity = batch.number % 2;
  if (!is_own) {
    first_called_[parity].advance_to(batch.number);
    first_called_[parity].wake_all();
  }
  if (has_others) {
    done_[parity].advance_to(batch.number);
    done_[parity].wake_all();
  }
}

void WriteQueue::make_room() {
  if (!makes_room_.load(std::memory_order_relaxed)) {
    return;
  }
  const SteadyTime now = steady_clock::now();
  if (now - last_end_ >= kPause) {  // there was room
    last_pause_ = now;
  } else if (now - last_pause_ >= kBetweenPauses) {
    about_to_block();
    std::this_thread::sleep_for(kPause);
    last_pause_ = steady_clock::now();
  }
}

// --- what a leader does ---------------------------------------------------------------------------------------------

// Neighbours that may share a transaction are one group.
void WriteQueue::run_batch(const Batch& batch) {
  if (settings_.synchronous == config::Synchronous::full) {
    about_to_block();  // for the disk
  }
  Batch rest = batch;
  while (rest.size > 0) {
    Batch group{.first = rest.first, .last = rest.first, .size = 1, .number = batch.number};
    while (group.size < rest.size && group.size < kMaxGroup && group.first->sharing == Sharing::group &&
           group.last->next->sharing == Sharing::group) {
      group.last = group.last->next;
      ++group.size;
    }
    rest.size -= group.size;
    rest.first = group.last->next;
    if (group.first->sharing == Sharing::no_transaction) {
      run_alone(*group.first);
    } else if (!commit(group)) {
      // Those behind have waited for the lock as long.
      return fail_all(rest, group.first->outcome.error());
    }
  }
}

void WriteQueue::run_alone(Waiter& waiter) {
  try {
    waiter.job(connection_);
  } catch (...) {
    waiter.thrown = std::current_exception();
  }
}

// False where no transaction could begin.
bool WriteQueue::commit(const Batch& group) {
  for (;;) {
    if (const auto begun = connection_.begin_immediate(); !begun) {
      fail_all(group, begun.error());
      return false;
    }
    const Passed passed = run_jobs(group);
    if (passed == Passed::all && connection_.in_transaction()) {
      end_transaction(group);
    }
    if (passed != Passed::all_but_one) {
      groups_.fetch_add(1, std::memory_order_relaxed);
      writes_.fetch_add(group.size, std::memory_order_relaxed);
      return true;
    }
    // One job's failure took the whole transaction with it (a full disk does that). The others have done nothing
    // wrong: they run again without it.
  }
}

void WriteQueue::end_transaction(const Batch& group) {
  if (connection_.has_moved()) {
    roll_back(Control::rollback);
    fail_all(group, Error(Code::data_loss, "database " + settings_.path.string() +
                                               ": the file was moved, deleted or replaced while it was open; nothing "
                                               "is written until the program starts again"));
  } else if (connection_.try_control(Control::commit) != SQLITE_DONE) {
    fail_all(group, give_up("commit"));
  }
}

WriteQueue::Passed WriteQueue::run_jobs(const Batch& group) {
  const bool alone = group.size == 1;  // needs no savepoint
  Waiter* waiter = group.first;
  for (std::size_t i = 0; i < group.size; ++i, waiter = waiter->next) {
    if (waiter->is_out) {
      continue;
    }
    if (alone) {
      run_job(*waiter);
      if (!waiter->keep) {
        roll_back(Control::rollback);
      }
      return Passed::all;
    }
    if (!run_in_savepoint(*waiter)) {
      fail_all(group, give_up("use a savepoint"));
      return Passed::none;
    }
    if (!connection_.in_transaction()) {
      waiter->is_out = true;
      Waiter* other = group.first;
      for (std::size_t j = 0; j < group.size; ++j, other = other->next) {
        if (!other->is_out) {
          other->reset();
        }
      }
      return Passed::all_but_one;
    }
  }
  return Passed::all;
}

bool WriteQueue::run_in_savepoint(Waiter& waiter) {
  if (connection_.try_control(Control::savepoint) != SQLITE_DONE) {
    return false;
  }
  run_job(waiter);
  if (!waiter.keep) {
    roll_back(Control::rollback_to_savepoint);
  }
  return !connection_.in_transaction() || connection_.try_control(Control::release_savepoint) == SQLITE_DONE;
}

void WriteQueue::run_job(Waiter& waiter) {
  const SteadyTime start = clock_.steady();
  try {
    waiter.keep = waiter.job(connection_);
    waiter.refused = !waiter.keep;
  } catch (...) {
    waiter.thrown = std::current_exception();
    waiter.keep = false;
  }
  if (const auto took = clock_.steady() - start; is_slow(settings_, took)) {
    logger_.warn("a write held all others up", {{"database", settings_.path.string()},
                                                {"origin", describe(waiter.origin.file_name(), waiter.origin.line())},
                                                {"took", took}});
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

void WriteQueue::roll_back(Control how) {
  // SQLite may have rolled back by itself: after a full disk, say.
  if (connection_.in_transaction() && connection_.try_control(how) != SQLITE_DONE) {
    logger_.error("a transaction could not be rolled back", {{"database", settings_.path.string()}});
  }
}

Error WriteQueue::give_up(std::string_view doing) {
  Error error = connection_.last_error(doing);
  roll_back(Control::rollback);
  return error;
}

// Jobs that have failed by themselves keep their own reason.
void WriteQueue::fail_all(const Batch& batch, const Error& error) {
  Waiter* waiter = batch.first;
  for (std::size_t i = 0; i < batch.size; ++i, waiter = waiter->next) {
    if (!waiter->thrown && waiter->outcome && !waiter->refused) {
      waiter->outcome = fail(error);
    }
  }
}

}  // namespace mcdsl::db::internal
