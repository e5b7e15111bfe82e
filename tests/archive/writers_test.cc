#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/archive/archive.h"
#include "mcdsl/archive/restore.h"
#include "mcdsl/db/database.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::archive {
namespace {

// 16 writers move money between accounts and note each transfer. Whatever moment an archive is of, the sum is the same,
// and the transfers explain every account. MCDSL_TEST_SNAPSHOTS archives (25).
TEST(ArchiveUnderWriters, IsOfOneMoment) {
  constexpr int kWriters = 16;
  constexpr int kAccounts = 20;
  const char* const wanted = std::getenv("MCDSL_TEST_SNAPSHOTS");
  const int snapshots = wanted == nullptr ? 25 : std::atoi(wanted);
  const mcdsl::testing::TempDir root;
  std::filesystem::create_directory(root / "bank");
  const auto database = db::Database::open({.path = root / "bank/bank.db"});
  value_or_throw(database.write([](db::WriteTransaction& transaction) {
    value_or_throw(transaction.execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)"));
    value_or_throw(transaction.execute(
        "CREATE TABLE transfers (source INTEGER REFERENCES accounts, target INTEGER REFERENCES accounts)"));
    for (int i = 0; i < kAccounts; ++i) {
      value_or_throw(transaction.execute("INSERT INTO accounts VALUES (?1, 1000)", i));
    }
    return Result<void>();
  }));
  std::atomic<bool> is_over = false;
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (std::uint64_t i = static_cast<std::uint64_t>(writer); !is_over; ++i) {
        const auto source = static_cast<std::int64_t>(i * 7 % kAccounts);
        const auto target = static_cast<std::int64_t>((i * 3 + 1) % kAccounts);
        value_or_throw(database.write([&](db::WriteTransaction& transaction) {
          value_or_throw(transaction.execute("UPDATE accounts SET balance = balance - 1 WHERE id = ?1", source));
          value_or_throw(transaction.execute("UPDATE accounts SET balance = balance + 1 WHERE id = ?1", target));
          return transaction.execute("INSERT INTO transfers VALUES (?1, ?2)", source, target);
        }));
        std::this_thread::sleep_for(
            std::chrono::milliseconds(5));  // so that the table stays small; nobody waits for it
      }
    });
  }
  std::int64_t last = -1;
  for (int i = 0; i < snapshots; ++i) {
    const auto made = create(root / "bank", root / "a.tar.zst");
    ASSERT_TRUE(made) << made.error().to_string();
    EXPECT_TRUE(made->problems.empty());
    const auto restored = restore(root / "a.tar.zst", root / "copy", {.discard_old = true});
    ASSERT_TRUE(restored) << restored.error().to_string();
    {
      const auto copy = db::Database::open({.path = root / "copy/bank.db"});
      copy.read([&](db::ReadTransaction& transaction) {
        EXPECT_EQ(transaction.query_one<std::int64_t>("SELECT sum(balance) FROM accounts"), 1000 * kAccounts);
        EXPECT_EQ(transaction.query_one<std::int64_t>(
                      "SELECT count(*) FROM accounts WHERE balance <> 1000 + (SELECT count(*) FROM transfers WHERE "
                      "target = id) - (SELECT count(*) FROM transfers WHERE source = id)"),
                  0);
        const auto transfers = *transaction.query_one<std::int64_t>("SELECT count(*) FROM transfers");
        EXPECT_GE(transfers, last);
        last = transfers;
      });
    }
    std::filesystem::remove(root / "a.tar.zst");
  }
  is_over = true;
  EXPECT_GT(last, 0);
}

}  // namespace
}  // namespace mcdsl::archive
