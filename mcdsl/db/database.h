#pragma once

#include <concepts>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/log.h"
#include "mcdsl/base/result.h"
#include "mcdsl/config/standard.h"
#include "mcdsl/db/migration.h"
#include "mcdsl/db/transaction.h"

namespace mcdsl::db {

namespace internal {

/// What a job makes of its return type: `Result<T>` stays, `T` becomes `Result<T>`.
template <class T>
struct JobResult {
  using Type = Result<T>;
};
template <class T>
struct JobResult<Result<T>> {
  using Type = Result<T>;
};

}  // namespace internal

/// What a database uses and does not own. Lifetime: the clock outlives it.
struct Dependencies {
  log::Logger logger = {};
  const Clock& clock = system_clock();
};

/// A database in a file, set up once and right: write-ahead log, foreign keys, one writer, many readers.
///
/// Writes go one after the other, in the order of the calls, in transactions that take the write lock at their start:
/// there is never a busy error within the process. Writers that wait are committed in one group, each in a savepoint of
/// its own, so that one that fails undoes nothing but its own work. Reads see one snapshot each and never wait for a
/// write.
///
/// Threads: all methods are safe from any thread; a job must not call the database it runs in. Lifetime: the destructor
/// waits for jobs in progress.
/// Errors: what only an operator can mend is thrown as Exception: a file that does not open, a full disk
/// (resource_exhausted), a damaged file (data_loss).
class Database {
 public:
  /// Opens or creates the file, with mode 0600 where the system allows, and logs in one line what is in force.
  /// The path is taken literally. Throws Exception.
  [[nodiscard]] static Database open(const config::Database& settings, const Dependencies& dependencies = {});

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  /// Brings the schema up to date: runs the migrations that the database has not recorded in `schema_migrations`, one
  /// transaction each, while no other process does. Before the first one of a database that holds data, a verified
  /// snapshot is taken. The table of a service written in Go (version, name, applied_at) is adopted.
  /// Throws Exception (failed_precondition), saying what to do, where a recorded migration was edited or is unknown
  /// (the database is newer than the program), where one would run out of order, and where a foreign key is broken.
  void migrate(std::span<const Migration> migrations) const;

  /// Runs `job(ReadTransaction&)` on one snapshot and returns what it returns. Waits while every reader is taken.
  template <std::invocable<ReadTransaction&> Job>
  auto read(Job job) const -> std::invoke_result_t<Job, ReadTransaction&> {
    const Reader reader(*this);
    ReadTransaction transaction(reader.connection());
    return job(transaction);
  }

  /// Runs `job(WriteTransaction&)` and returns when its changes are committed, durable as `synchronous` says. A job
  /// that returns an error or throws leaves nothing behind. It may run on the thread of another writer, and once more
  /// where a neighbour's failure (a full disk) undid both. Errors: the
  /// job's own; resource_exhausted when too many jobs wait; unavailable, naming the database and where possible the
  /// holder, when another process has held the write lock for `busy_timeout`.
  template <std::invocable<WriteTransaction&> Job>
  auto write(Job job) const -> internal::JobResult<std::invoke_result_t<Job, WriteTransaction&>>::Type {
    using Returned = std::invoke_result_t<Job, WriteTransaction&>;
    using Final = internal::JobResult<Returned>::Type;
    std::optional<Final> result;
    const Result<void> committed = write_erased([&](WriteTransaction& transaction) {
      if constexpr (std::is_void_v<Returned>) {
        job(transaction);
        result.emplace();
      } else {
        result.emplace(job(transaction));
      }
      return result->has_value();
    });
    if (!committed) {
      return std::unexpected(committed.error());
    }
    return *std::move(result);
  }

  /// Writes a copy of the database as it is at one moment, while reads and writes go on: checked, synced, with mode
  /// 0600, and at its place only when it is whole. Throws Exception: already_exists where something is at `path`,
  /// resource_exhausted for a full disk; nothing is left over then. What a killed process left in the folder of its
  /// snapshot goes with the next one.
  void snapshot(const std::filesystem::path& path) const;

  /// Where a snapshot belongs: "backups/notes-20260131T120000Z.db" beside the database, or in `backup_dir`.
  [[nodiscard]] std::filesystem::path default_snapshot_path() const;

  /// Whether the database answers: for a health check.
  [[nodiscard]] Result<void> ping() const;

  [[nodiscard]] const std::filesystem::path& path() const noexcept;

 private:
  struct State;

  class Reader {
   public:
    explicit Reader(const Database& database);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    [[nodiscard]] internal::Connection& connection() const noexcept { return *connection_; }

   private:
    State& state_;
    internal::Connection* connection_;
  };

  explicit Database(std::unique_ptr<State> state) noexcept;

  /// The job returns whether its changes stay.
  [[nodiscard]] Result<void> write_erased(const std::function<bool(WriteTransaction&)>& job) const;

  std::unique_ptr<State> state_;
};

}  // namespace mcdsl::db
