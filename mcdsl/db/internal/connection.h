#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include <sqlite3.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/function_ref.h"
#include "mcdsl/base/result.h"
#include "mcdsl/config/standard.h"
#include "mcdsl/db/internal/busy_wait.h"
#include "mcdsl/db/row.h"

namespace mcdsl::db {

/// A prepared statement, reset when its use ends.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) noexcept : statement_(statement) {}
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  [[nodiscard]] sqlite3_stmt* get() const noexcept { return statement_; }
  [[nodiscard]] Row row() const noexcept { return Row(statement_); }

  bool in_use = false;

 private:
  sqlite3_stmt* statement_;
};

namespace internal {

/// What begins and ends transactions.
enum class Control : std::uint8_t {
  begin,
  begin_immediate,
  commit,
  rollback,
  savepoint,
  release_savepoint,
  rollback_to_savepoint,
};

/// One connection to the file, set up for its role, and the statements it has prepared.
/// Threads: one at a time, except wal_pages.
class Connection {
 public:
  enum class Role : std::uint8_t {
    writer,
    reader,    ///< cannot write (`query_only`)
    migrator,  ///< a writer on which foreign keys are checked at the end only
    copier,    ///< reads the whole file, to make a copy or to bring the log home
    checker,   ///< looks at a file as it is, without changing its journal mode
  };

  /// Opens or (not as a reader) creates the file. Throws Exception where a setting did not take.
  Connection(const config::Database& settings, Role role);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs a statement of this library's own, without parameters or rows. Throws Exception.
  void run(std::string_view sql);

  /// SQLite's extended result code, SQLITE_DONE for success.
  [[nodiscard]] int try_control(Control what) noexcept;
  /// Throws Exception instead.
  void control(Control what);

  /// Takes the write lock. Errors: unavailable where another process holds it for too long, and which, if that can be
  /// told.
  [[nodiscard]] Result<void> begin_immediate();

  /// Runs one statement and calls `on_row` for each row until it returns false; SQLite's extended result code.
  /// Throws Exception (internal) for SQL that does not parse, holds two statements, or wants other parameters.
  [[nodiscard]] int step_all(std::string_view sql, std::span<const Parameter> parameters,
                             FunctionRef<bool(Row&)> on_row);

  /// Runs any number of statements without rows. SQLite's extended result code.
  [[nodiscard]] int run_script(const std::string& sql) noexcept;

  /// Copies the database into an empty file. Throws Exception.
  /// `meanwhile` is called now and then, also not at all.
  void vacuum_into(const std::string& file, FunctionRef<void()> meanwhile);

  /// The rows changed by the last INSERT, UPDATE or DELETE, and by all of them so far.
  [[nodiscard]] std::int64_t changes() const noexcept { return sqlite3_changes64(handle_.get()); }
  [[nodiscard]] std::int64_t total_changes() const noexcept { return sqlite3_total_changes64(handle_.get()); }
  [[nodiscard]] bool in_transaction() const noexcept { return sqlite3_get_autocommit(handle_.get()) == 0; }

  /// What SQLite said last, as an error that names the database.
  [[nodiscard]] Error error(int code, std::string_view doing) const;
  [[nodiscard]] Error last_error(std::string_view doing) const {
    return error(sqlite3_extended_errcode(handle_.get()), doing);
  }

  /// What a checkpoint (sqlite.org/wal.html §2.2) left: pages in the log, and how many of them are in the database.
  struct Checkpoint {
    bool is_complete = false;
    std::int64_t pages = 0;
  };
  enum class CheckpointKind : std::uint8_t {
    passive,   ///< as far as readers let it, without making anybody wait
    restart,   ///< all of it, so that the next write begins the log anew; waits for readers
    truncate,  ///< and the log's file is empty afterwards
  };
  /// False where a lock is in the way. Throws Exception for a disk that fails.
  [[nodiscard]] Checkpoint checkpoint(CheckpointKind kind);

  /// The pages in the log after this connection's last commit or checkpoint.
  [[nodiscard]] std::int64_t wal_pages() const noexcept { return wal_pages_.load(std::memory_order_relaxed); }

  /// Whether the file is no longer at its path: what is written to it is gone with the process.
  [[nodiscard]] bool has_moved() const noexcept;

  /// Whether a deferred foreign key is broken at this point of the transaction.
  [[nodiscard]] bool has_broken_foreign_keys() const noexcept;

  [[nodiscard]] sqlite3* get() const noexcept { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  using Statements = std::unordered_map<std::string, std::unique_ptr<Statement>, Hash, std::equal_to<>>;
  class OwnStatement;
  class Use;

  static constexpr auto kControls = std::to_array<std::string_view>(
      {"BEGIN", "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK", "SAVEPOINT job", "RELEASE job", "ROLLBACK TO job"});

  [[nodiscard]] bool may_run(int action, const char* name, const char* value) const noexcept;
  static int authorize(void* self, int action, const char* first, const char* second, const char* database,
                       const char* trigger);
  static int note_commit(void* self, sqlite3* handle, const char* database, int pages);
  std::unique_ptr<Statement> prepare(std::string_view sql) const;
  void bind(sqlite3_stmt* statement, std::span<const Parameter> parameters, std::string_view sql) const;
  void begin_log();
  void require_pragma(const std::string& name, const std::string& value, const std::string& expected);

  std::filesystem::path path_;
  Role role_;
  bool is_own_statement_ = false;  // of this library, not of a job
  std::atomic<std::int64_t> wal_pages_ = 0;
  BusyWait busy_wait_;
  std::unique_ptr<sqlite3, Close> handle_;
  Statements statements_;  // finalized before the connection closes
  std::array<std::unique_ptr<Statement>, kControls.size()> controls_;
};

}  // namespace internal
}  // namespace mcdsl::db
