#include "stores.h"

#include <mutex>
#include <stdexcept>
#include <string>
#include <tuple>

#include <sqlite3.h>

#include "mcdsl/db/database.h"

namespace bench {
namespace {

namespace db = mcdsl::db;

// --- ours -----------------------------------------------------------------------------------------------------------

class OurSession final : public Session {
 public:
  explicit OurSession(const db::Database& database) : database_(database) {}

  void insert(std::int64_t thread, std::int64_t number, std::string_view text) override {
    mcdsl::value_or_throw(database_.write(
        [&](db::WriteTransaction& transaction) { return transaction.execute(kInsert, thread, number, text); }));
  }

  std::int64_t find(std::int64_t id) override {
    const auto row = database_.read([&](db::ReadTransaction& transaction) {
      return transaction.query_one<std::tuple<std::int64_t, std::string>>(kFind, id);
    });
    if (!row) {
      throw std::runtime_error("a row is missing");
    }
    return std::get<0>(*row);
  }

 private:
  const db::Database& database_;
};

class OurStore final : public Store {
 public:
  OurStore(const std::filesystem::path& path, bool full)
      : database_(db::Database::open(
            {.path = path,
             .synchronous = full ? mcdsl::config::Synchronous::full : mcdsl::config::Synchronous::normal,
             .readers = 8})) {
    mcdsl::value_or_throw(
        database_.write([](db::WriteTransaction& transaction) { return transaction.execute(kCreate); }));
  }

  std::unique_ptr<Session> session() override { return std::make_unique<OurSession>(database_); }
  void snapshot(const std::filesystem::path& path) override { database_.snapshot(path); }

 private:
  db::Database database_;
};

// --- the peers, on plain SQLite -------------------------------------------------------------------------------------

struct Close {
  void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};

class Connection {
 public:
  Connection(const std::filesystem::path& path, bool full) {
    sqlite3* handle = nullptr;
    const int opened = sqlite3_open_v2(path.c_str(), &handle,
                                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    handle_.reset(handle);
    check(opened);
    sqlite3_busy_timeout(handle, 5000);
    run("PRAGMA journal_mode = WAL");
    run(full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    run("PRAGMA foreign_keys = ON");
    run("PRAGMA cache_size = -8192");
    run("PRAGMA journal_size_limit = 67108864");
    run("PRAGMA temp_store = MEMORY");
    run(std::string(kCreate));
    insert_ = prepare(kInsert);
    find_ = prepare(kFind);
  }

  void insert(std::int64_t thread, std::int64_t number, std::string_view text) {
    sqlite3_bind_int64(insert_.get(), 1, thread);
    sqlite3_bind_int64(insert_.get(), 2, number);
    sqlite3_bind_text(insert_.get(), 3, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
    const int code = sqlite3_step(insert_.get());
    sqlite3_reset(insert_.get());
    check(code == SQLITE_DONE ? SQLITE_OK : code);
  }

  std::int64_t find(std::int64_t id) {
    sqlite3_bind_int64(find_.get(), 1, id);
    const int code = sqlite3_step(find_.get());
    std::int64_t number = 0;
    if (code == SQLITE_ROW) {
      number = sqlite3_column_int64(find_.get(), 0);
      found_ = reinterpret_cast<const char*>(sqlite3_column_text(find_.get(), 1));  // a program would keep it
    }
    sqlite3_reset(find_.get());
    check(code == SQLITE_ROW ? SQLITE_OK : code);
    return number;
  }

  void run(const std::string& sql) { check(sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr)); }

 private:
  std::unique_ptr<sqlite3_stmt, Close> prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                             &statement, nullptr));
    return std::unique_ptr<sqlite3_stmt, Close>(statement);
  }

  void check(int code) const {
    if (code != SQLITE_OK) {
      throw std::runtime_error(sqlite3_errstr(code));
    }
  }

  std::unique_ptr<sqlite3, Close> handle_;
  std::unique_ptr<sqlite3_stmt, Close> insert_;
  std::unique_ptr<sqlite3_stmt, Close> find_;
  std::string found_;
};

class ConnectionSession final : public Session {
 public:
  ConnectionSession(const std::filesystem::path& path, bool full) : connection_(path, full) {}
  void insert(std::int64_t thread, std::int64_t number, std::string_view text) override {
    connection_.insert(thread, number, text);
  }
  std::int64_t find(std::int64_t id) override { return connection_.find(id); }

 private:
  Connection connection_;
};

class ConnectionPerThread final : public Store {
 public:
  ConnectionPerThread(const std::filesystem::path& path, bool full) : path_(path), full_(full) {
    const Connection first(path, full);  // SQLite's busy timeout does not cover the change to a write-ahead log
  }
  std::unique_ptr<Session> session() override { return std::make_unique<ConnectionSession>(path_, full_); }
  void snapshot(const std::filesystem::path& path) override {
    Connection(path_, full_).run("VACUUM INTO '" + path.string() + "'");
  }

 private:
  std::filesystem::path path_;
  bool full_;
};

class MutexSession final : public Session {
 public:
  MutexSession(Connection& connection, std::mutex& mutex) : connection_(connection), mutex_(mutex) {}
  void insert(std::int64_t thread, std::int64_t number, std::string_view text) override {
    const std::scoped_lock lock(mutex_);
    connection_.insert(thread, number, text);
  }
  std::int64_t find(std::int64_t id) override {
    const std::scoped_lock lock(mutex_);
    return connection_.find(id);
  }

 private:
  Connection& connection_;
  std::mutex& mutex_;
};

class OneConnection final : public Store {
 public:
  OneConnection(const std::filesystem::path& path, bool full) : connection_(path, full) {}
  std::unique_ptr<Session> session() override { return std::make_unique<MutexSession>(connection_, mutex_); }
  void snapshot(const std::filesystem::path& path) override {
    const std::scoped_lock lock(mutex_);
    connection_.run("VACUUM INTO '" + path.string() + "'");
  }

 private:
  Connection connection_;
  std::mutex mutex_;
};

}  // namespace

std::unique_ptr<Store> open_store(std::string_view kind, const std::filesystem::path& path, bool full) {
  if (kind == "ours") {
    return std::make_unique<OurStore>(path, full);
  }
  if (kind == "connections") {
    return std::make_unique<ConnectionPerThread>(path, full);
  }
  if (kind == "mutex") {
    return std::make_unique<OneConnection>(path, full);
  }
  throw std::runtime_error("unknown store " + std::string(kind));
}

}  // namespace bench
