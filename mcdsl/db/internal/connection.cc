#include "mcdsl/db/internal/connection.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <utility>

#include "mcdsl/base/bytes.h"
#include "mcdsl/db/internal/lock_holder.h"

namespace mcdsl::db::internal {
namespace {

constexpr std::size_t kMaxStatements = 256;  // kept per connection; a service has a few dozen

// Those whose argument says what to look at, and those that end with the transaction or are a part of it.
constexpr auto kPragmasOfJobs = std::to_array<std::string_view>(
    {"application_id", "defer_foreign_keys", "foreign_key_check", "foreign_key_list", "index_info", "index_list",
     "index_xinfo", "integrity_check", "quick_check", "table_info", "table_list", "table_xinfo", "user_version"});

Code code_of(int extended) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return Code::already_exists;
    default:
      break;
  }
  switch (extended & 0xFF) {
    case SQLITE_CONSTRAINT:
      return Code::failed_precondition;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Code::unavailable;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return Code::resource_exhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::data_loss;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return Code::permission_denied;
    default:
      return Code::internal;
  }
}

int bind_one(sqlite3_stmt* statement, int index, const Parameter& parameter) {
  if (const auto* integer = std::get_if<std::int64_t>(&parameter)) {
    return sqlite3_bind_int64(statement, index, *integer);
  }
  if (const auto* real = std::get_if<double>(&parameter)) {
    return sqlite3_bind_double(statement, index, *real);
  }
  if (const auto* text = std::get_if<std::string_view>(&parameter)) {
    // A null pointer would bind NULL in place of an empty text.
    return sqlite3_bind_text64(statement, index, text->data() != nullptr ? text->data() : "", text->size(),
                               SQLITE_STATIC, SQLITE_UTF8);
  }
  if (const auto* blob = std::get_if<BlobView>(&parameter)) {
    return blob->empty() ? sqlite3_bind_zeroblob(statement, index, 0)
                         : sqlite3_bind_blob64(statement, index, blob->data(), blob->size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, index);
}

}  // namespace

// A cached statement while it runs; one that is running already (a query inside the rows of the same query) gets a
// twin.
class Connection::Use {
 public:
  Use(Connection& connection, std::string_view sql) {
    Statements& statements = connection.statements_;
    auto found = statements.find(sql);
    if (found == statements.end()) {
      if (statements.size() >= kMaxStatements) {
        std::erase_if(statements, [](const auto& entry) { return !entry.second->in_use; });
      }
      found = statements.emplace(std::string(sql), connection.prepare(sql)).first;
    }
    statement_ = found->second.get();
    if (statement_->in_use) {
      twin_ = connection.prepare(sql);
      statement_ = twin_.get();
    }
    statement_->in_use = true;
  }
  ~Use() {
    sqlite3_reset(statement_->get());
    sqlite3_clear_bindings(statement_->get());
    statement_->in_use = false;
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  [[nodiscard]] Statement& operator*() const noexcept { return *statement_; }
  [[nodiscard]] sqlite3_stmt* get() const noexcept { return statement_->get(); }

 private:
  Statement* statement_;
  std::unique_ptr<Statement> twin_;
};

// While it lives, statements are this library's own and may do what those of jobs may not.
class Connection::OwnStatement {
 public:
  explicit OwnStatement(Connection& connection) noexcept : connection_(connection) {
    connection_.is_own_statement_ = true;
  }
  ~OwnStatement() { connection_.is_own_statement_ = false; }
  OwnStatement(const OwnStatement&) = delete;
  OwnStatement& operator=(const OwnStatement&) = delete;

 private:
  Connection& connection_;
};

namespace {

// SQLite counts every allocation under one lock of the process, which costs threads that read at once a third of their
// speed (docs/adr/0007). And it allocates the first pages of each connection's cache in advance, 85 KiB that most
// connections of a small service never fill. Without effect where the program has used SQLite before.
void configure_memory() {
  static std::once_flag done;
  std::call_once(done, [] {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
  });
}

}  // namespace

Connection::Connection(const config::Database& settings, Role role)
    : path_(settings.path), role_(role), busy_wait_(settings.busy_timeout) {
  configure_memory();
  sqlite3* handle = nullptr;
  // Without SQLITE_OPEN_URI and with an absolute path the name is taken literally: '?', '%', "file:", ":memory:".
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (role == Role::writer || role == Role::migrator ? SQLITE_OPEN_CREATE : 0);
  const int opened = sqlite3_open_v2(std::filesystem::absolute(path_).c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (opened != SQLITE_OK) {
    throw Exception(error(opened, "open"));
  }
  busy_wait_.install(handle);
  sqlite3_set_authorizer(handle, authorize, this);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  const bool full = settings.synchronous == config::Synchronous::full;
  if (role == Role::writer || role == Role::migrator) {
    begin_log();
    run("PRAGMA journal_size_limit = 67108864");
  }
  if (role == Role::writer) {
    sqlite3_wal_hook(handle, note_commit, this);  // in place of checkpoints by the writer: see Housekeeper
  }
  require_pragma("foreign_keys", role == Role::migrator ? "OFF" : "ON", role == Role::migrator ? "0" : "1");
  require_pragma("synchronous", full ? "FULL" : "NORMAL", full ? "2" : "1");
  run("PRAGMA cache_size = -" + std::to_string(settings.cache_kib));
  run("PRAGMA mmap_size = " + std::to_string(settings.mmap_bytes));
  run("PRAGMA temp_store = MEMORY");
  if (role == Role::reader || role == Role::checker) {
    require_pragma("query_only", "ON", "1");
  }
}

// Two who make a new file's journal a write-ahead log at once meet a lock for which SQLite asks no busy handler.
void Connection::begin_log() {
  for (bool is_first = true;; is_first = false) {
    try {
      return require_pragma("journal_mode", "WAL", "wal");
    } catch (const Exception& problem) {
      if (problem.error().code() != Code::unavailable || !busy_wait_.nap(is_first)) {
        throw;
      }
    }
  }
}

void Connection::require_pragma(const std::string& name, const std::string& value, const std::string& expected) {
  run("PRAGMA " + name + " = " + value);
  std::string actual;
  const int code = step_all("PRAGMA " + name, {}, [&](Row& row) {
    std::int64_t number = 0;
    if (name == "journal_mode") {
      row.into(actual);
    } else {
      row.into(number);
      actual = std::to_string(number);
    }
    return false;
  });
  if (code != SQLITE_DONE && code != SQLITE_ROW) {
    throw Exception(error(code, "read " + name));
  }
  if (actual != expected) {
    throw Exception(Code::failed_precondition, "database " + path_.string() + ": " + name + " is " + actual +
                                                   " where " + expected + " was asked for");
  }
}

std::unique_ptr<Statement> Connection::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, &tail);
  auto owned = std::make_unique<Statement>(statement);
  if (code != SQLITE_OK) {
    throw Exception(error(code, "prepare \"" + std::string(sql) + "\""));
  }
  const std::string_view rest(tail, static_cast<std::size_t>(sql.data() + sql.size() - tail));
  if (statement == nullptr || rest.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    throw Exception(Code::internal, "database: one statement at a time, not \"" + std::string(sql) + "\"");
  }
  return owned;
}

void Connection::bind(sqlite3_stmt* statement, std::span<const Parameter> parameters, std::string_view sql) const {
  if (sqlite3_bind_parameter_count(statement) != static_cast<int>(parameters.size())) {
    throw Exception(Code::internal, "database: \"" + std::string(sql) + "\" has " +
                                        std::to_string(sqlite3_bind_parameter_count(statement)) + " parameters, not " +
                                        std::to_string(parameters.size()));
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (const int code = bind_one(statement, static_cast<int>(i) + 1, parameters[i]); code != SQLITE_OK) {
      throw Exception(error(code, "bind parameter " + std::to_string(i + 1)));
    }
  }
}

int Connection::step_all(std::string_view sql, std::span<const Parameter> parameters, FunctionRef<bool(Row&)> on_row) {
  const Use use(*this, sql);
  bind(use.get(), parameters, sql);
  for (;;) {
    const int code = sqlite3_step(use.get());
    if (code != SQLITE_ROW) {
      return code;
    }
    Row row = (*use).row();
    if (!on_row(row)) {
      return SQLITE_DONE;
    }
  }
}

int Connection::try_control(Control what) noexcept {
  const OwnStatement own(*this);
  const auto index = static_cast<std::size_t>(what);
  try {
    if (!controls_[index]) {
      controls_[index] = prepare(kControls[index]);
    }
  } catch (const std::exception&) {
    return SQLITE_ERROR;  // what SQLite said stands in the connection
  }
  const int code = sqlite3_step(controls_[index]->get());
  sqlite3_reset(controls_[index]->get());
  return code;
}

void Connection::control(Control what) {
  if (const int code = try_control(what); code != SQLITE_DONE) {
    throw Exception(error(code, kControls[static_cast<std::size_t>(what)]));
  }
}

Result<void> Connection::begin_immediate() {
  const int code = try_control(Control::begin_immediate);
  if (code == SQLITE_DONE) {
    return {};
  }
  const Error problem = error(code, "begin a transaction");
  const std::string holder = (code & 0xFF) == SQLITE_BUSY ? find_write_lock_holder(path_) : "";
  return fail(problem.code(), problem.message() + (holder.empty() ? "" : "; the write lock is held by " + holder));
}

// A job that ended its transaction would take its neighbours' work with it, and a setting that it changed would stay
// for the jobs after it. A migration has its connection to itself.
bool Connection::may_run(int action, const char* name, const char* value) const noexcept {
  switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
      return is_own_statement_;
    case SQLITE_PRAGMA:
      return is_own_statement_ || role_ == Role::migrator || value == nullptr ||
             std::ranges::find(kPragmasOfJobs, std::string_view(name)) != kPragmasOfJobs.end();
    default:
      return true;
  }
}

// Called while a statement is prepared (sqlite3_set_authorizer).
int Connection::authorize(void* self, int action, const char* first, const char* second, const char* /*database*/,
                          const char* /*trigger*/) {
  return static_cast<const Connection*>(self)->may_run(action, first, second) ? SQLITE_OK : SQLITE_DENY;
}

bool Connection::has_moved() const noexcept {
  int moved = 0;
  sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

bool Connection::has_broken_foreign_keys() const noexcept {
  int broken = 0;
  int highest = 0;
  sqlite3_db_status(handle_.get(), SQLITE_DBSTATUS_DEFERRED_FKS, &broken, &highest, 0);
  return broken != 0;
}

void Connection::run(std::string_view sql) {
  const OwnStatement own(*this);
  const auto statement = prepare(sql);
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) {
    code = sqlite3_step(statement->get());
  }
  if (code != SQLITE_DONE) {
    throw Exception(error(code, sql));
  }
}

// Called after each commit (sqlite3_wal_hook).
int Connection::note_commit(void* self, sqlite3* /*handle*/, const char* /*database*/, int pages) {
  static_cast<Connection*>(self)->wal_pages_.store(pages, std::memory_order_relaxed);
  return SQLITE_OK;
}

Connection::Checkpoint Connection::checkpoint(CheckpointKind kind) {
  constexpr std::array kModes{SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_RESTART, SQLITE_CHECKPOINT_TRUNCATE};
  constexpr auto kPatience = std::chrono::milliseconds(10);  // with readers; writers wait meanwhile
  int pages = 0;
  int done = 0;
  const auto timeout = busy_wait_.set_timeout(kPatience);
  const int code =
      sqlite3_wal_checkpoint_v2(handle_.get(), "main", kModes[static_cast<std::size_t>(kind)], &pages, &done);
  busy_wait_.set_timeout(timeout);
  if (code != SQLITE_OK && (code & 0xFF) != SQLITE_BUSY && (code & 0xFF) != SQLITE_LOCKED) {
    throw Exception(error(code, "checkpoint"));
  }
  const bool is_complete = code == SQLITE_OK && pages == done;
  const int left = is_complete && kind != CheckpointKind::passive ? 0 : std::max(pages, 0);
  wal_pages_.store(left, std::memory_order_relaxed);
  return {.is_complete = is_complete, .pages = left};
}

void Connection::vacuum_into(const std::string& file, FunctionRef<void()> meanwhile) {
  constexpr int kInstructions = 100'000;  // of SQLite's machine, a few milliseconds
  const auto call = [](void* function) {
    (*static_cast<const FunctionRef<void()>*>(function))();
    return 0;
  };
  const Parameter name = to_parameter(file);
  const OwnStatement own(*this);  // VACUUM attaches its target
  sqlite3_progress_handler(handle_.get(), kInstructions, call, &meanwhile);
  const int code = step_all("VACUUM INTO ?1", {&name, 1}, [](Row& /*row*/) { return true; });
  sqlite3_progress_handler(handle_.get(), 0, nullptr, nullptr);
  if (code != SQLITE_DONE) {
    throw Exception(error(code, "copy to " + file));
  }
}

int Connection::run_script(const std::string& sql) noexcept {
  return sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
}

Error Connection::error(int code, std::string_view doing) const {
  const char* said = handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
  return {code_of(code), "database " + path_.string() + ": " + std::string(doing) + ": " + said};
}

}  // namespace mcdsl::db::internal
