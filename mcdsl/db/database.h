#pragma once

#include <concepts>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <type_traits>
#include <utility>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/function_ref.h"
#include "mcdsl/base/log.h"
#include "mcdsl/base/result.h"
#include "mcdsl/config/standard.h"
#include "mcdsl/db/migration.h"
#include "mcdsl/db/transaction.h"

namespace mcdsl::db {

namespace internal {

struct PooledReader;

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

/// How a job is to be written.
struct WriteOptions {
  /// It shares its commit with no other: what it does outside the database must not happen twice, say.
  bool own_transaction = false;
};

/// What a database has done since it was opened, and how it stands.
struct Statistics {
  std::uint64_t writes = 0;           ///< jobs
  std::uint64_t groups = 0;           ///< transactions that they shared
  std::size_t waiting_writes = 0;     ///< in the queue
  std::size_t reads_in_progress = 0;  ///< at most `readers`
  std::uintmax_t wal_bytes = 0;       ///< the file of the write-ahead log
};

/// A database in a file, set up once and right: write-ahead log, foreign keys, one writer, many readers.
///
/// Writes go one after the other, in the order of the calls, in transactions that take the write lock at their start:
/// there is never a busy error within the process. Writers that wait are committed in one group, each in a savepoint of
/// its own, so that one that fails undoes nothing but its own work. Reads see one snapshot each and never wait for a
/// write. A thread of the database's own keeps the write-ahead log small.
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
  /// snapshot is taken. The table of a service written in Go (version, name, applied_at) is adopted. One that fails
  /// leaves nothing behind, and those before it in place.
  /// Throws Exception: failed_precondition, saying what to do, where a recorded migration was edited or is unknown
  /// (the database is newer than the program), where one would run out of order, and where a foreign key is broken;
  /// unavailable, naming the holder where possible, when a write lock was held for `busy_timeout`.
  MigrationReport migrate(std::span<const Migration> migrations) const;

  /// Runs `job(ReadTransaction&)` on one snapshot and returns what it returns. Waits while every reader is taken. One
  /// that takes longer than `slow_job` is logged with the place that called.
  template <std::invocable<ReadTransaction&> Job>
  auto read(Job job, const std::source_location& origin = std::source_location::current()) const
      -> std::invoke_result_t<Job, ReadTransaction&> {
    const Reader reader(*this, origin);
    ReadTransaction transaction(reader.connection());
    return job(transaction);
  }

  /// Runs `job(WriteTransaction&)` and returns when its changes are committed, durable as `synchronous` says. A job
  /// that returns an error or throws leaves nothing behind. It may run on the thread of another writer, and once more
  /// where a neighbour's failure (a full disk) undid both. One that takes longer than `slow_job` is logged with the
  /// place that called. Errors: the job's own; resource_exhausted when too many jobs wait; unavailable, naming the
  /// database and where possible the holder, when another process has held the write lock for `busy_timeout`.
  template <std::invocable<WriteTransaction&> Job>
  auto write(Job job, const WriteOptions& options = {},
             const std::source_location& origin = std::source_location::current()) const
      -> internal::JobResult<std::invoke_result_t<Job, WriteTransaction&>>::Type {
    using Returned = std::invoke_result_t<Job, WriteTransaction&>;
    using Final = internal::JobResult<Returned>::Type;
    std::optional<Final> result;
    const Result<void> committed = write_erased(
        [&](WriteTransaction& transaction) {
          if constexpr (std::is_void_v<Returned>) {
            job(transaction);
            result.emplace();
          } else {
            result.emplace(job(transaction));
          }
          return result->has_value();
        },
        options, origin);
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

  [[nodiscard]] Statistics statistics() const;

  /// Whether the database answers: for a health check.
  [[nodiscard]] Result<void> ping() const;

  [[nodiscard]] const std::filesystem::path& path() const noexcept;

 private:
  struct State;

  class Reader {
   public:
    Reader(const Database& database, const std::source_location& origin);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    [[nodiscard]] internal::Connection& connection() const noexcept;

   private:
    State& state_;
    internal::PooledReader& reader_;
  };

  explicit Database(std::unique_ptr<State> state) noexcept;

  /// The job returns whether its changes stay.
  [[nodiscard]] Result<void> write_erased(FunctionRef<bool(WriteTransaction&)> job, const WriteOptions& options,
                                          const std::source_location& origin) const;

  std::unique_ptr<State> state_;
};

}  // namespace mcdsl::db
