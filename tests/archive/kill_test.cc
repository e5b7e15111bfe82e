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
#include "mcdsl/base/unique_fd.h"
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

// A program that restores `first`, then `second`, and again, until it is killed.
class Restorer {
 public:
  Restorer(std::string first, std::string second, std::string target) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    told_.reset(ends[0]);
    const UniqueFd tells(ends[1]);
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, tells.get(), STDOUT_FILENO);
    std::string program = ARCHIVE_CHILD;
    char* arguments[] = {program.data(), first.data(), second.data(), target.data(), nullptr};
    EXPECT_EQ(::posix_spawn(&child_, program.c_str(), &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
  }

  // False where it ended before its first restore did.
  [[nodiscard]] bool has_restored() const {
    char first_letter = '\0';
    return ::read(told_.get(), &first_letter, 1) == 1;
  }

  // False where it had ended by itself.
  [[nodiscard]] bool kill() const {
    int status = 0;
    return ::kill(child_, SIGKILL) == 0 && ::waitpid(child_, &status, 0) == child_ && WIFSIGNALED(status);
  }

 private:
  UniqueFd told_;
  pid_t child_ = -1;
};

// MCDSL_TEST_KILLS kills (60), each at another moment of a restore that exchanges one state for the other: half of them
// from the start on, the others from when the first exchange is done, however long that takes here.
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
    const Restorer restorer(before == state_one ? other : one, before == state_one ? one : other, target);
    ASSERT_TRUE(i % 2 == 0 || restorer.has_restored());
    std::this_thread::sleep_for(one_restore * 2 * (i / 2 * 7 % 50) / 50);  // spread over a restore or two
    ASSERT_TRUE(restorer.kill()) << "it ended by itself";
    const Tree now = state_of(target);
    ASSERT_TRUE(now == state_one || now == state_other) << "a mixture, after kill " << i;
    exchanged += now == before ? 0 : 1;
    before = now;
  }
  EXPECT_GT(exchanged, 0) << "one came right behind an exchange";
  EXPECT_LT(exchanged, kills) << "one came at the start";
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
