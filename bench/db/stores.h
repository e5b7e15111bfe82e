#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

namespace bench {

/// What one thread of the load does to the store. Throws std::exception for what must not happen, a busy error
/// included.
class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;
  /// One transaction.
  virtual void insert(std::int64_t thread, std::int64_t number, std::string_view text) = 0;
  /// The number in the row with this key; its text is read too.
  virtual std::int64_t find(std::int64_t id) = 0;
};

/// A way to use SQLite from many threads.
class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;
  virtual std::unique_ptr<Session> session() = 0;
  /// Copies the whole to another file, while sessions go on.
  virtual void snapshot(const std::filesystem::path& path) = 0;
};

inline constexpr std::string_view kCreate =
    "CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, thread INTEGER NOT NULL, number INTEGER NOT NULL, "
    "text TEXT NOT NULL)";
inline constexpr std::string_view kInsert = "INSERT INTO entries (thread, number, text) VALUES (?1, ?2, ?3)";
inline constexpr std::string_view kFind = "SELECT number, text FROM entries WHERE id = ?1";
inline constexpr std::string_view kText = "forty bytes that stand for a small entry.";

/// `kind`: "ours"; "connections", one for each thread, with a busy timeout of 5 s; "mutex", one connection and a mutex.
std::unique_ptr<Store> open_store(std::string_view kind, const std::filesystem::path& path, bool full);

}  // namespace bench
