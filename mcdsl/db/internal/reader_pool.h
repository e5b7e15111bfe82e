#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <source_location>
#include <string>
#include <vector>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/log.h"
#include "mcdsl/db/database.h"
#include "mcdsl/db/internal/connection.h"

namespace mcdsl::db::internal {

/// A connection that reads, and what others may know of who has it.
struct PooledReader {
  explicit PooledReader(const config::Database& settings) : connection(settings, Connection::Role::reader) {}

  Connection connection;
  std::atomic<bool> is_taken = false;
  std::atomic<int> leaving = 0;  // threads that gave it back and are not gone yet
  std::atomic<Clock::SteadyTime::rep> since = 0;
  std::atomic<const char*> file = nullptr;
  std::atomic<std::uint32_t> line = 0;
  std::atomic<bool> is_reported = false;  // as slow
};

/// Connections that only read. A thread gets the one that it had before where it can: its cache is warm, and threads
/// that read at once do not meet.
/// Threads: safe from any thread.
class ReaderPool {
 public:
  ReaderPool(const config::Database& settings, const Dependencies& dependencies);
  /// Waits for the connections that are lent.
  ~ReaderPool();
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;

  /// Lends a connection with a read transaction on it; waits while every one is lent. Throws Exception.
  [[nodiscard]] PooledReader& acquire(const std::source_location& origin);
  void release(PooledReader& reader) noexcept;

  /// Logs the reads that are at work for too long by now, each once.
  void report_slow() const;

  /// The place in the program of the read that is at work for longest; empty where there is none.
  [[nodiscard]] std::string longest() const;

  /// How many connections are lent.
  [[nodiscard]] std::size_t lent() const noexcept;

 private:
  [[nodiscard]] PooledReader* try_take() noexcept;
  void put_back(PooledReader& reader) noexcept;
  void report_if_slow(PooledReader& reader, Clock::SteadyTime now) const;

  const config::Database settings_;
  const log::Logger logger_;
  const Clock& clock_;
  std::vector<std::unique_ptr<PooledReader>> readers_;
  std::atomic<int> waiting_ = 0;
  std::mutex mutex_;
  std::condition_variable returned_;
};

}  // namespace mcdsl::db::internal
