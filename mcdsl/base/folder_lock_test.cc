#include "mcdsl/base/folder_lock.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcdsl/testing/temp_dir.h"

namespace mcdsl {
namespace {

using ::testing::HasSubstr;

TEST(FolderLock, IsHeldByOneAtATimeAndNamesTheHolder) {
  const testing::TempDir folder;
  {
    const auto first = FolderLock::acquire(folder.path());
    ASSERT_TRUE(first) << first.error().to_string();
    const auto second = FolderLock::acquire(folder.path());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), Code::failed_precondition);
    EXPECT_THAT(second.error().message(), HasSubstr("process " + std::to_string(::getpid())));
  }
  EXPECT_TRUE(FolderLock::acquire(folder.path())) << "it ends with the object";
}

TEST(FolderLock, IsHeldByManyWhoShareItOrByOneAlone) {
  const testing::TempDir folder;
  {
    const auto first = FolderLock::acquire(folder.path(), FolderLock::Use::shared);
    const auto second = FolderLock::acquire(folder.path(), FolderLock::Use::shared);
    EXPECT_TRUE(first);
    EXPECT_TRUE(second);
    EXPECT_FALSE(FolderLock::acquire(folder.path()));
  }
  const auto alone = FolderLock::acquire(folder.path());
  ASSERT_TRUE(alone);
  EXPECT_FALSE(FolderLock::acquire(folder.path(), FolderLock::Use::shared));
}

TEST(FolderLock, EndsWithItsProcess) {
  const testing::TempDir folder;
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = FolderLock::acquire(folder.path());
    ::_exit(lock ? 7 : 8);  // without destructors
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 7);
  EXPECT_TRUE(FolderLock::acquire(folder.path()));
}

TEST(FolderLock, BelongsToTheFolderAndNotToItsPath) {
  const testing::TempDir parent;
  std::filesystem::create_directory(parent / "notes");
  const auto old_one = FolderLock::acquire(parent / "notes");
  ASSERT_TRUE(old_one);
  std::filesystem::rename(parent / "notes", parent / "old");
  std::filesystem::create_directory(parent / "notes");
  EXPECT_TRUE(FolderLock::acquire(parent / "notes"));
  EXPECT_FALSE(FolderLock::acquire(parent / "old"));
}

TEST(FolderLock, WantsAFolder) {
  const testing::TempDir parent;
  const auto lock = FolderLock::acquire(parent / "none");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code(), Code::not_found);
}

}  // namespace
}  // namespace mcdsl
