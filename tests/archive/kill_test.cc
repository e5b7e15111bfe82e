#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcdsl/archive/archive.h"
#include "mcdsl/archive/restore.h"
#include "mcdsl/archive/tree_for_test.h"
#include "mcdsl/base/folder_lock.h"
#include "mcdsl/db/database.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::archive {
namespace {

using testing::put;
using testing::Tree;
using testing::tree_of;

// What a restore is about: neither the lock nor the backups.
Tree state_of(const std::filesystem::path& folder) {
  Tree tree = tree_of(folder);
  std::erase_if(tree, [](const auto& entry) {
    return entry.first == FolderLock::kFileName || entry.first.starts_with("backups");
  });
  return tree;
}

std::filesystem::path archive_of(const mcdsl::testing::TempDir& root, const std::string& name) {
  const auto folder = root / name;
  for (int i = 0; i < 30; ++i) {
    put(folder / ("d" + std::to_string(i % 5)) / std::to_string(i),
        testing::noise(20'000, name.size() + static_cast<std::size_t>(i)));
  }
  put(folder / "name", name);
  {
    const auto database = db::Database::open({.path = folder / "notes.db"});
    value_or_throw(database.write([&](db::WriteTransaction& transaction) {
      value_or_throw(transaction.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)"));
      return transaction.execute("INSERT INTO notes (body) VALUES (?1)", name);
    }));
  }
  value_or_throw(create(folder, root / (name + ".tar.zst")));
  return root / (name + ".tar.zst");
}

// MCDSL_TEST_KILLS kills (60), each at another moment of a restore that exchanges one state for the other.
TEST(KilledRestore, LeavesTheOldFolderOrTheNewOne) {
  const char* const wanted = std::getenv("MCDSL_TEST_KILLS");
  const int kills = wanted == nullptr ? 60 : std::atoi(wanted);
  const mcdsl::testing::TempDir root;
  const std::string one = archive_of(root, "one");
  const std::string other = archive_of(root, "the other");
  value_or_throw(restore(one, root / "as one"));
  value_or_throw(restore(other, root / "as other"));
  const Tree state_one = state_of(root / "as one");
  const Tree state_other = state_of(root / "as other");

  const mcdsl::testing::TempDir home;
  const std::string target = home / "notes";
  value_or_throw(restore(other, target));
  const auto start = std::chrono::steady_clock::now();
  value_or_throw(restore(one, target, {.discard_old = true}));
  const auto one_restore = std::chrono::steady_clock::now() - start;  // as long as this machine takes at this hour
  put(home / "notes" / "backups" / "b", "a backup");
  int exchanged = 0;
  Tree before = state_one;
  for (int i = 0; i < kills; ++i) {
    std::string program = ARCHIVE_CHILD;
    std::string first = before == state_one ? other : one;
    std::string second = before == state_one ? one : other;
    std::string third = target;
    char* arguments[] = {program.data(), first.data(), second.data(), third.data(), nullptr};
    posix_spawn_file_actions_t quiet{};
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child = -1;
    ASSERT_EQ(::posix_spawn(&child, program.c_str(), &quiet, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&quiet);
    std::this_thread::sleep_for(one_restore * 3 * (i * 7 % 50) / 50);  // spread over a few restores
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself";
    const Tree now = state_of(target);
    ASSERT_TRUE(now == state_one || now == state_other) << "a mixture, after kill " << i;
    exchanged += now == before ? 0 : 1;
    before = now;
  }
  EXPECT_GT(exchanged, 0) << "the kills came too early";
  EXPECT_LT(exchanged, kills);
  // The next restore clears away all that was left, and brings home the backups.
  value_or_throw(restore(one, target, {.discard_old = true}));
  EXPECT_TRUE(state_of(target) == state_one);
  int backups = 0;
  for (const auto& entry : std::filesystem::directory_iterator(home.path())) {
    const std::string name = entry.path().filename();
    EXPECT_FALSE(name.starts_with(".")) << name;
    backups += std::filesystem::exists(entry.path() / "backups" / "b") ? 1 : 0;
  }
  EXPECT_EQ(backups, 1);
  EXPECT_TRUE(std::filesystem::exists(home / "notes" / "backups" / "b"));
}

}  // namespace
}  // namespace mcdsl::archive
