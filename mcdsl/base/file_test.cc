#include "mcdsl/base/file.h"

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcdsl/testing/temp_dir.h"

namespace mcdsl {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::size_t entries_of(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

Code code_of_failed_write(const fs::path& path, std::string_view bytes = "new") {
  try {
    write_file_atomically(path, bytes);
  } catch (const Exception& exception) {
    EXPECT_THAT(exception.what(), HasSubstr(path.string()));
    return exception.error().code();
  }
  ADD_FAILURE() << "writing " << path << " did not fail";
  return Code::unknown;
}

TEST(CodeOfErrno, TellsWhatTheOperatorCanMendFromWhatNobodyExpects) {
  EXPECT_EQ(code_of_errno(EEXIST), Code::already_exists);
  EXPECT_EQ(code_of_errno(ENOENT), Code::not_found);
  EXPECT_EQ(code_of_errno(ENOTDIR), Code::not_found);
  for (const int forbidden : {EACCES, EPERM, EROFS}) {
    EXPECT_EQ(code_of_errno(forbidden), Code::permission_denied) << forbidden;
  }
  for (const int no_room : {ENOSPC, EDQUOT, EFBIG, EMFILE, ENFILE}) {
    EXPECT_EQ(code_of_errno(no_room), Code::resource_exhausted) << no_room;
  }
  EXPECT_EQ(code_of_errno(EIO), Code::internal);
}

TEST(ReadFile, GivesEveryByte) {
  const testing::TempDir folder;
  std::string bytes(100'000, '\0');
  bytes[50'000] = '\n';
  EXPECT_EQ(read_file(folder.write("data", bytes)).value(), bytes);
  EXPECT_EQ(read_file(folder.write("empty", "")).value(), "");
}

TEST(ReadFile, SaysWhichFileIsMissing) {
  const testing::TempDir folder;
  const auto missing = read_file(folder / "missing");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code(), Code::not_found);
  EXPECT_THAT(missing.error().message(), HasSubstr((folder / "missing").string() + ": No such file"));
  EXPECT_EQ(missing.error().public_text(), "not found");
}

TEST(ReadFile, TellsAFolderAndAFileInThePathApart) {
  const testing::TempDir folder;
  folder.write("file", "x");
  EXPECT_EQ(read_file(folder.path()).error().code(), Code::internal);
  EXPECT_EQ(read_file(folder / "file/below").error().code(), Code::not_found);
}

TEST(ReadFile, SaysWhenItMayNotRead) {
  const testing::TempDir folder;
  const auto path = folder.write("private", "x");
  fs::permissions(path, fs::perms::none);
  const ::uid_t before = ::geteuid();
  if (before == 0) {
    ASSERT_EQ(::seteuid(65534), 0);  // root may read everything
  }
  const auto refused = read_file(path);
  ASSERT_EQ(::seteuid(before), 0);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::permission_denied);
}

TEST(ReadFile, StopsAtItsLimit) {
  const testing::TempDir folder;
  const auto path = folder.write("data", "12345");
  EXPECT_EQ(read_file(path, 5).value(), "12345");
  const auto longer = read_file(path, 4);
  ASSERT_FALSE(longer.has_value());
  EXPECT_EQ(longer.error().code(), Code::resource_exhausted);
  EXPECT_THAT(longer.error().message(), HasSubstr("longer than 4 bytes"));
}

TEST(WriteFileAtomically, ReplacesTheOldFileAndLeavesNothingElse) {
  const testing::TempDir folder;
  write_file_atomically(folder / "file", "old");
  write_file_atomically(folder / "file", "new");
  EXPECT_EQ(read_file(folder / "file").value(), "new");
  EXPECT_EQ(entries_of(folder.path()), 1U);
}

TEST(WriteFileAtomically, GivesTheFileItsModeWhateverTheUmask) {
  const testing::TempDir folder;
  const ::mode_t before = ::umask(0277);
  write_file_atomically(folder / "default", "x");
  write_file_atomically(folder / "readable", "x", 0644);
  ::umask(before);
  EXPECT_EQ(fs::status(folder / "default").permissions(), fs::perms(0600));
  EXPECT_EQ(fs::status(folder / "readable").permissions(), fs::perms(0644));
}

TEST(WriteFileAtomically, ReplacesALinkAndNotWhatItPointsTo) {
  const testing::TempDir folder;
  folder.write("target", "kept");
  fs::create_symlink("target", folder / "link");
  write_file_atomically(folder / "link", "new");
  EXPECT_EQ(read_file(folder / "target").value(), "kept");
  EXPECT_EQ(read_file(folder / "link").value(), "new");
}

TEST(WriteFileAtomically, FailsWithoutItsFolder) {
  const testing::TempDir folder;
  EXPECT_EQ(code_of_failed_write(folder / "missing" / "file"), Code::not_found);
}

TEST(WriteFileAtomically, LeavesNothingWhenTheNameIsAFolder) {
  const testing::TempDir folder;
  fs::create_directory(folder / "taken");
  EXPECT_EQ(code_of_failed_write(folder / "taken"), Code::internal);
  EXPECT_EQ(entries_of(folder.path()), 1U);
}

// A file size limit stands in for a full disk: write(2) fails after a part of the bytes.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::sigaction(SIGXFSZ, nullptr, &action_before_);
    struct sigaction ignore = {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGXFSZ, &ignore, nullptr);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::sigaction(SIGXFSZ, &action_before_, nullptr);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  struct sigaction action_before_ = {};
};

TEST(WriteFileAtomically, KeepsTheOldFileWhenWritingFailsHalfway) {
  const testing::TempDir folder;
  write_file_atomically(folder / "file", "old");
  {
    const FileSizeLimit full_disk(4096);
    EXPECT_EQ(code_of_failed_write(folder / "file", std::string(10'000, 'n')), Code::resource_exhausted);
  }
  EXPECT_EQ(read_file(folder / "file").value(), "old");
  EXPECT_EQ(entries_of(folder.path()), 1U);
}

TEST(WriteFileAtomically, WritesBesideAPathWithoutAFolder) {
  const testing::TempDir folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  write_file_atomically("bare-name", "x");
  fs::current_path(before);
  EXPECT_EQ(read_file(folder / "bare-name").value(), "x");
}

}  // namespace
}  // namespace mcdsl
