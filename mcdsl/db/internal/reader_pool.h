#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "mcdsl/db/internal/connection.h"

namespace mcdsl::db::internal {

/// Connections that only read. The one used last is lent first: its cache is warm.
/// Threads: safe from any thread.
class ReaderPool {
 public:
  explicit ReaderPool(const config::Database& settings);
  /// Waits for the connections that are lent.
  ~ReaderPool();
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;

  /// Lends a connection with a read transaction on it; waits while every one is lent. Throws Exception.
  [[nodiscard]] Connection& acquire();
  void release(Connection& connection) noexcept;

 private:
  std::vector<std::unique_ptr<Connection>> connections_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::condition_variable all_returned_;
  std::vector<Connection*> idle_;
};

}  // namespace mcdsl::db::internal
