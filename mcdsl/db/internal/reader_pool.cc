#include "mcdsl/db/internal/reader_pool.h"

#include "mcdsl/base/blocking.h"

namespace mcdsl::db::internal {

ReaderPool::ReaderPool(const config::Database& settings) {
  for (std::int64_t i = 0; i < settings.readers; ++i) {
    connections_.push_back(std::make_unique<Connection>(settings, Connection::Role::reader));
    idle_.push_back(connections_.back().get());
  }
}

ReaderPool::~ReaderPool() {
  std::unique_lock lock(mutex_);
  all_returned_.wait(lock, [&] { return idle_.size() == connections_.size(); });
}

Connection& ReaderPool::acquire() {
  Connection* connection = nullptr;
  {
    std::unique_lock lock(mutex_);
    if (idle_.empty()) {
      lock.unlock();
      about_to_block();
      lock.lock();
      returned_.wait(lock, [&] { return !idle_.empty(); });
    }
    connection = idle_.back();
    idle_.pop_back();
  }
  try {
    connection->run("BEGIN");
  } catch (...) {
    release(*connection);
    throw;
  }
  return *connection;
}

void ReaderPool::release(Connection& connection) noexcept {
  if (connection.in_transaction()) {
    (void)connection.try_run("ROLLBACK");  // of a read: only ends the snapshot
  }
  const std::scoped_lock lock(mutex_);
  idle_.push_back(&connection);
  returned_.notify_one();
  if (idle_.size() == connections_.size()) {
    all_returned_.notify_all();
  }
}

}  // namespace mcdsl::db::internal
