#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "mcdsl/archive/archive.h"
#include "mcdsl/archive/restore.h"
#include "mcdsl/archive/tree_for_test.h"
#include "mcdsl/db/database.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::archive {
namespace {

using ::testing::HasSubstr;
using testing::noise;
using testing::put;
using testing::Tree;
using testing::tree_of;

// A service of 3 MB, and a disk of 16 MiB beside it; needs privilege.
class FullDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(root_ / "s");
    {
      const auto database = db::Database::open({.path = root_ / "s/notes.db"});
      value_or_throw(database.write([](db::WriteTransaction& transaction) {
        value_or_throw(transaction.execute("CREATE TABLE notes (body BLOB)"));
        return transaction.execute("INSERT INTO notes VALUES (randomblob(1000000))");
      }));
    }
    put(root_ / "s" / "large", noise(1'500'000, 1));
    for (int i = 0; i < 50; ++i) {
      put(root_ / "s" / "many" / std::to_string(i), noise(10'000, static_cast<std::uint64_t>(i)));
    }
    if (::mount("tmpfs", disk_.path().c_str(), "tmpfs", 0, "size=16m") != 0) {
      GTEST_SKIP() << "no privilege to mount a small disk";
    }
    is_mounted_ = true;
  }
  void TearDown() override {
    if (is_mounted_) {
      ::umount2(disk_.path().c_str(), MNT_DETACH);
    }
  }

  void leave_room(std::uintmax_t bytes) const {
    const std::uintmax_t free = std::filesystem::space(disk_.path()).available;
    std::ofstream(disk_ / "ballast", std::ios::binary) << std::string(free - bytes, 'x');
  }
  void give_room() const { std::filesystem::remove(disk_ / "ballast"); }

  template <class Act>
  static void expect_full(Act act, std::uintmax_t room) {
    try {
      (void)act();
      ADD_FAILURE() << "it fitted into " << room;
    } catch (const Exception& problem) {
      EXPECT_EQ(problem.error().code(), Code::resource_exhausted) << problem.what();
    }
  }

  mcdsl::testing::TempDir root_;
  mcdsl::testing::TempDir disk_;
  bool is_mounted_ = false;
};

constexpr std::uintmax_t kRooms[] = {0, 4096, 100'000, 700'000, 1'200'000, 2'000'000, 2'800'000};

TEST_F(FullDisk, EndsTheMakingOfAnArchiveAndLeavesNothing) {
  const Tree service = tree_of(root_ / "s");
  for (const std::uintmax_t room : kRooms) {
    leave_room(room);
    const Tree before = tree_of(disk_.path());
    expect_full([&] { return create(root_ / "s", disk_ / "a.tar.zst"); }, room);
    EXPECT_TRUE(tree_of(disk_.path()) == before) << room;
    give_room();
  }
  ASSERT_TRUE(create(root_ / "s", disk_ / "a.tar.zst"));
  EXPECT_TRUE(verify(disk_ / "a.tar.zst"));
  EXPECT_EQ(tree_of(root_ / "s").size(), service.size());
}

TEST_F(FullDisk, EndsARestoreAndLosesNothing) {
  value_or_throw(create(root_ / "s", root_ / "a.tar.zst"));
  put(disk_ / "notes" / "file", "what was there");
  for (const std::uintmax_t room : kRooms) {
    leave_room(room);
    const Tree before = tree_of(disk_.path());
    expect_full([&] { return restore(root_ / "a.tar.zst", disk_ / "notes"); }, room);
    EXPECT_TRUE(tree_of(disk_.path()) == before) << room;
    give_room();
  }
  ASSERT_TRUE(restore(root_ / "a.tar.zst", disk_ / "notes"));
  EXPECT_EQ(std::filesystem::file_size(disk_ / "notes" / "large"), 1'500'000);
}

TEST_F(FullDisk, EndsAVerificationWithoutAVerdict) {
  value_or_throw(create(root_ / "s", disk_ / "a.tar.zst"));
  for (const std::uintmax_t room : {0U, 4096U, 500'000U}) {
    leave_room(room);
    const Tree before = tree_of(disk_.path());
    expect_full([&] { return verify(disk_ / "a.tar.zst"); }, room);
    EXPECT_TRUE(tree_of(disk_.path()) == before) << room;
    give_room();
  }
  EXPECT_TRUE(verify(disk_ / "a.tar.zst"));
}

}  // namespace
}  // namespace mcdsl::archive
