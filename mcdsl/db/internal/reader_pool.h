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

  /// Lends a connection with a read transaction on it; waits while every one is lent. Throws Exception.
  [[nodiscard]] Connection& acquire();
  void release(Connection& connection) noexcept;

 private:
  std::vector<std::unique_ptr<Connection>> connections_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<Connection*> idle_;
};

}  // namespace mcdsl::db::internal
