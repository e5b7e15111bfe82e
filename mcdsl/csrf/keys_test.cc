#include "mcdsl/csrf/keys.h"

#include <array>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::csrf {
namespace {

std::string fingerprint(const Key& key) {
  return hex_encode(crypto::as_bytes(key.code("test", "")));
}

std::string problem_with(const std::filesystem::path& path) {
  try {
    const KeyFile file(path);
  } catch (const Exception& problem) {
    return problem.what();
  }
  return "";
}

TEST(KeyFile, IsMadeOnFirstUseForItsOwnerAlone) {
  const testing::TempDir dir;
  const auto old_mask = ::umask(0);
  const KeyFile file(dir / "web.keys");
  ::umask(old_mask);
  struct stat status{};
  ASSERT_EQ(::stat((dir / "web.keys").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_FALSE(file.keys()->previous);
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    ++files;
  }
  EXPECT_EQ(files, 1U) << "a temporary file is left over";
}

TEST(KeyFile, IsReadByTheNextProcess) {
  const testing::TempDir dir;
  const KeyFile first(dir / "web.keys");
  const KeyFile second(dir / "web.keys");
  EXPECT_EQ(fingerprint(first.keys()->current), fingerprint(second.keys()->current));
}

TEST(KeyFile, HasOtherKeysInEachService) {
  const testing::TempDir dir;
  EXPECT_NE(fingerprint(KeyFile(dir / "a.keys").keys()->current), fingerprint(KeyFile(dir / "b.keys").keys()->current));
}

// Each process waits at a pipe until all are there, makes or reads the file and tells its key.
TEST(KeyFile, IsTheSameForProcessesThatRaceToMakeIt) {
  for (int round = 0; round < 10; ++round) {
    const testing::TempDir dir;
    constexpr int kProcesses = 8;
    std::array<int, 2> start{};
    std::array<int, 2> told{};
    ASSERT_EQ(::pipe(start.data()), 0);
    ASSERT_EQ(::pipe(told.data()), 0);
    std::vector<pid_t> processes;
    for (int i = 0; i < kProcesses; ++i) {
      const pid_t process = ::fork();
      ASSERT_GE(process, 0);
      if (process == 0) {
        ::close(start[1]);
        char nothing = 0;
        (void)!::read(start[0], &nothing, 1);  // ends when the parent closes its end
        int code = 1;
        try {
          const std::string print = fingerprint(KeyFile(dir / "web.keys").keys()->current);
          code = ::write(told[1], print.data(), print.size()) == 64 ? 0 : 2;
        } catch (...) {
          code = 3;
        }
        ::_exit(code);
      }
      processes.push_back(process);
    }
    ::close(start[0]);
    ::close(start[1]);
    std::set<std::string> prints;
    for (const pid_t process : processes) {
      int status = 0;
      ASSERT_EQ(::waitpid(process, &status, 0), process);
      EXPECT_EQ(status, 0);
      std::string print(64, '\0');
      ASSERT_EQ(::read(told[0], print.data(), print.size()), 64);
      prints.insert(print);
    }
    ::close(told[0]);
    ::close(told[1]);
    EXPECT_EQ(prints.size(), 1U);
  }
}

TEST(KeyFile, IsRefusedWhereOthersCanReadOrWriteIt) {
  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0666U, 0610U}) {
    const testing::TempDir dir;
    {
      const KeyFile made(dir / "web.keys");
    }
    ASSERT_EQ(::chmod((dir / "web.keys").c_str(), mode), 0);
    const std::string problem = problem_with(dir / "web.keys");
    EXPECT_TRUE(problem.contains("chmod 600 " + (dir / "web.keys").string())) << problem;
  }
  const testing::TempDir dir;
  {
    const KeyFile made(dir / "web.keys");
  }
  ASSERT_EQ(::chmod((dir / "web.keys").c_str(), 0400), 0);
  EXPECT_EQ(problem_with(dir / "web.keys"), "") << "read-only for its owner is enough";
}

TEST(KeyFile, SaysWhatIsWrongWithWhatIsNoKeyFile) {
  const testing::TempDir dir;
  const auto path = dir / "web.keys";
  const auto put = [&](std::string_view text) { write_file_atomically(path, text, 0600); };
  const std::string digits(64, 'a');
  put("");
  EXPECT_TRUE(problem_with(path).contains("empty")) << problem_with(path);
  put("mcdsl keys 1\ncurrent " + digits.substr(10));
  EXPECT_TRUE(problem_with(path).contains("cut short")) << problem_with(path);
  put(std::string(100, '\x7f'));
  EXPECT_TRUE(problem_with(path).contains("no key file")) << problem_with(path);
  put(std::string(100'000, 'a'));
  EXPECT_TRUE(problem_with(path).contains("longer than")) << problem_with(path);
  put("mcdsl keys 1\ncurrent " + digits + "\nprevious zz\n");
  EXPECT_TRUE(problem_with(path).contains("line 3")) << problem_with(path);
  EXPECT_FALSE(problem_with(path).contains("aaaa")) << problem_with(path);
  EXPECT_TRUE(problem_with(path).contains(path.string()));
  EXPECT_TRUE(problem_with(dir.path()).contains("regular file")) << problem_with(dir.path());
  EXPECT_TRUE(problem_with(dir / "missing/web.keys").contains("No such file")) << problem_with(dir / "missing/x");
}

TEST(KeyFile, KeepsThePreviousKeyForOneRotation) {
  const testing::TempDir dir;
  KeyFile file(dir / "web.keys");
  const auto first = fingerprint(file.keys()->current);
  file.rotate();
  const auto second = fingerprint(file.keys()->current);
  EXPECT_NE(second, first);
  ASSERT_TRUE(file.keys()->previous);
  EXPECT_EQ(fingerprint(*file.keys()->previous), first);
  file.rotate();
  EXPECT_EQ(fingerprint(*file.keys()->previous), second);
  EXPECT_EQ(problem_with(dir / "web.keys"), "") << "it can be read by the next process";
}

TEST(KeyFile, LosesNoKeyToRotationsAtOnce) {
  const testing::TempDir dir;
  const KeyFile watcher(dir / "web.keys");
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      KeyFile file(dir / "web.keys");
      for (int i = 0; i < 5; ++i) {
        file.rotate();
      }
    });
  }
  threads.clear();
  const KeyFile after(dir / "web.keys");
  EXPECT_TRUE(after.keys()->previous);
  EXPECT_NE(fingerprint(after.keys()->current), fingerprint(*after.keys()->previous));
}

TEST(KeyFile, TakesTheKeyOfAnotherReplicaWhenItMeetsOne) {
  const testing::TempDir dir;
  const testing::ManualClock clock;
  const KeyFile ours(dir / "web.keys", clock);
  KeyFile theirs(dir / "web.keys", clock);
  theirs.rotate();
  const auto wanted = fingerprint(theirs.keys()->current);
  EXPECT_TRUE(ours.find([&](const Key& key) { return fingerprint(key) == wanted; }));
  EXPECT_EQ(fingerprint(ours.keys()->current), wanted);
}

TEST(KeyFile, LooksAtTheFileOnceASecondAtMost) {
  const testing::TempDir dir;
  testing::ManualClock clock;
  const KeyFile ours(dir / "web.keys", clock);
  KeyFile theirs(dir / "web.keys", clock);
  EXPECT_FALSE(ours.find([](const Key&) { return false; }));
  theirs.rotate();
  const auto is_theirs = [&](const Key& key) { return fingerprint(key) == fingerprint(theirs.keys()->current); };
  EXPECT_FALSE(ours.find(is_theirs));
  clock.advance(std::chrono::seconds(1));
  EXPECT_TRUE(ours.find(is_theirs));
}

TEST(KeyFile, KeepsItsKeysWhereTheFileBreaksUnderIt) {
  const testing::TempDir dir;
  const testing::ManualClock clock;
  const KeyFile file(dir / "web.keys", clock);
  const auto before = fingerprint(file.keys()->current);
  write_file_atomically(dir / "web.keys", "garbage", 0600);
  EXPECT_EQ(fingerprint(file.refreshed()->current), before);
}

TEST(Key, MakesOtherCodesForOtherPurposes) {
  const Key key{Secret(std::string(32, 'k'))};
  EXPECT_NE(key.code("a", "bc"), key.code("ab", "c"));
  EXPECT_NE(key.seal_key("session").reveal(), key.seal_key("state").reveal());
  EXPECT_EQ(key.seal_key("session").reveal().size(), 32U);
}

}  // namespace
}  // namespace mcdsl::csrf
