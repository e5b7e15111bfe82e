#include "mcdsl/archivecli/commands.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/archivecli/internal/progress.h"
#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "mcdsl/cli/program.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::archivecli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ArchiveCommands : public ::testing::Test {
 protected:
  ArchiveCommands() {
    folder_.write("notes/notes.toml", "max_notes = 5\n");
    folder_.write("notes/files/a", "first");
  }

  struct Outcome {
    int code;
    std::string out;
    std::string err;
  };

  // What main() would print for a failure is in `err`.
  Outcome run(const std::vector<std::string>& words) {
    std::ostringstream out;
    std::ostringstream err;
    const Surroundings with{.out = out, .err = err, .out_is_terminal = out_is_terminal_, .clock = clock_};
    const auto find = [this](const cli::Values& /*values*/) {
      return Service{.name = "notes", .version = "1.2.3", .folder = notes_};
    };
    cli::Program program{.name = "tool", .commands = {archive_command(with), service_restore_command(find, with)}};
    cli::Command own = service_archive_command(find, with);
    own.name = "own";
    program.commands.push_back(own);
    try {
      const int code = cli::run(program, words, out, err);
      return {code, out.str(), err.str()};
    } catch (const Exception& problem) {
      return {1, out.str(), problem.what()};
    }
  }

  testing::ManualClock clock_;
  bool out_is_terminal_ = false;
  testing::TempDir folder_;
  fs::path notes_ = folder_ / "notes";
  std::string archive_ = (folder_ / "a.tar.zst").string();
};

TEST_F(ArchiveCommands, MakeProveListExtractAndRestore) {
  const Outcome made = run({"archive", "create", notes_.string(), archive_});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr(archive_ + ": "));
  EXPECT_EQ(run({"archive", "create", notes_.string(), archive_}).code, 1) << "it writes over nothing";
  const Outcome verified = run({"archive", "verify", archive_});
  ASSERT_EQ(verified.code, 0) << verified.err;
  EXPECT_THAT(verified.out, HasSubstr(" is whole: "));
  EXPECT_THAT(run({"archive", "list", archive_}).out, HasSubstr("- 5\tfiles/a\n"));
  ASSERT_EQ(run({"archive", "extract", archive_, "files/a", (folder_ / "taken").string()}).code, 0);
  EXPECT_EQ(read_file(folder_ / "taken").value(), "first");
  EXPECT_THAT(run({"archive", "extract", archive_, "files/b", (folder_ / "b").string()}).err, HasSubstr("files/b"));

  folder_.write("notes/files/a", "second");
  const Outcome restored = run({"archive", "restore", archive_, notes_.string()});
  ASSERT_EQ(restored.code, 0) << restored.err;
  EXPECT_EQ(read_file(notes_ / "files/a").value(), "first");
  EXPECT_THAT(restored.out, HasSubstr("what was there is now "));
}

TEST_F(ArchiveCommands, OfAServiceKnowItsFolderAndItsName) {
  const Outcome made = run({"own", "create"});
  ASSERT_EQ(made.code, 0) << made.err;
  const fs::path path = notes_ / "backups/notes-20260101T000000Z.tar.zst";
  EXPECT_TRUE(fs::exists(path));
  folder_.write("notes/files/a", "second");
  const Outcome restored = run({"restore", path.string(), "--discard-old", "--json"});
  ASSERT_EQ(restored.code, 0) << restored.err;
  EXPECT_THAT(restored.out, HasSubstr(R"("old_folder":"")"));
  EXPECT_THAT(restored.out, HasSubstr(R"("service":"notes")"));
  EXPECT_EQ(read_file(notes_ / "files/a").value(), "first");
}

TEST_F(ArchiveCommands, PruneOnlyWhatANewerVerifiedArchiveStandsFor) {
  EXPECT_THAT(run({"own", "verify"}).err, HasSubstr("holds no archive of notes"));
  ASSERT_EQ(run({"own", "create"}).code, 0);
  clock_.advance(std::chrono::hours(24));
  ASSERT_EQ(run({"own", "create"}).code, 0);
  const std::vector<std::string> prune{"own", "prune",    "--last", "1",         "--daily",
                                       "0",   "--weekly", "0",      "--monthly", "0"};
  EXPECT_THAT(run(prune).err, HasSubstr("no newer archive is verified"));
  const Outcome verified = run({"own", "verify"});
  ASSERT_EQ(verified.code, 0) << verified.err;
  EXPECT_THAT(verified.out, HasSubstr("notes-20260102T000000Z.tar.zst is whole")) << "the newest one";
  auto dry = prune;
  dry.emplace_back("--dry-run");
  EXPECT_THAT(run(dry).out, HasSubstr("would remove "));
  EXPECT_THAT(run(prune).out, HasSubstr("notes-20260101T000000Z.tar.zst\narchives that stay: 1\n"));
  EXPECT_FALSE(fs::exists(notes_ / "backups/notes-20260101T000000Z.tar.zst"));
  EXPECT_EQ(run({"own", "prune", "--last", "-1"}).code, 1);
}

TEST_F(ArchiveCommands, MakeNoFolderForAServiceThatIsNotThere) {
  const Outcome missing = run({"archive", "create", (folder_ / "ntoes").string()});
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.err, HasSubstr("there is no folder " + (folder_ / "ntoes").string()));
  EXPECT_FALSE(fs::exists(folder_ / "ntoes"));
  EXPECT_THAT(run({"archive", "create", (notes_ / "files/a").string()}).err, HasSubstr("there is no folder "));
}

TEST_F(ArchiveCommands, LeaveTheModeOfAFolderOfBackupsThatIsThere) {
  ASSERT_EQ(run({"archive", "create", notes_.string()}).code, 0);
  EXPECT_EQ(fs::status(notes_ / "backups").permissions(), fs::perms::owner_all);
  const auto group_reads = fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec;
  fs::permissions(notes_ / "backups", group_reads);
  clock_.advance(std::chrono::hours(24));
  ASSERT_EQ(run({"archive", "create", notes_.string()}).code, 0);
  EXPECT_EQ(fs::status(notes_ / "backups").permissions(), group_reads);
}

TEST_F(ArchiveCommands, KeepCopiesOfDatabasesInTheScratchFolderThatIsNamed) {
  ASSERT_EQ(run({"archive", "create", notes_.string(), archive_, "--scratch", folder_.path().string()}).code, 0);
  EXPECT_THAT(run({"archive", "verify", archive_, "--no-mark", "--scratch", (folder_ / "nowhere").string()}).err,
              HasSubstr("nowhere"));
  EXPECT_THAT(run({"archive", "create", notes_.string(), (folder_ / "b").string(), "--scratch", "/nowhere"}).err,
              HasSubstr("/nowhere"));
  fs::create_directory(folder_ / "scratch");
  EXPECT_EQ(run({"archive", "verify", archive_, "--no-mark", "--scratch", (folder_ / "scratch").string()}).code, 0);
  EXPECT_TRUE(fs::is_empty(folder_ / "scratch"));
}

TEST_F(ArchiveCommands, WriteNoArchiveToATerminal) {
  out_is_terminal_ = true;
  const Outcome refused = run({"archive", "create", notes_.string(), "-"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("terminal"));
}

TEST_F(ArchiveCommands, SayThatAnArchiveIsDamagedAndLeaveTheFolder) {
  ASSERT_EQ(run({"archive", "create", notes_.string(), archive_}).code, 0);
  std::string bytes = read_file(archive_).value();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_file_atomically(archive_, bytes);
  EXPECT_EQ(run({"archive", "verify", archive_}).code, 1);
  EXPECT_EQ(run({"archive", "restore", archive_, notes_.string()}).code, 1);
  EXPECT_EQ(read_file(notes_ / "files/a").value(), "first");
}

TEST(ProgressLine, IsALineForEachTenthWhereNobodyWatches) {
  std::ostringstream text;
  {
    ProgressLine line(text, false, "archive");
    for (std::uint64_t bytes = 0; bytes <= 1000; bytes += 10) {
      line.show({.entries = bytes / 10, .bytes = bytes, .total_bytes = 1000});
    }
  }
  const std::string lines = text.str();
  EXPECT_EQ(std::ranges::count(lines, '\n'), 10);
  EXPECT_THAT(lines, HasSubstr("archive: 50 %, 50 entries\n"));
  EXPECT_THAT(lines, ::testing::EndsWith("archive: 100 %, 100 entries\n"));
}

TEST(ProgressLine, IsABarOnATerminalThatGoesWithItsEnd) {
  std::ostringstream text;
  {
    ProgressLine line(text, true, "verify");
    line.show({.entries = 1, .bytes = 0, .total_bytes = 0});
    EXPECT_EQ(text.str(), "") << "nothing is known of the whole";
    line.show({.entries = 1, .bytes = 50U << 20U, .total_bytes = 100U << 20U});
    EXPECT_THAT(text.str(), HasSubstr("\rverify [###############...............] 50 %, 50 of 100 MiB"));
  }
  EXPECT_THAT(text.str(), ::testing::EndsWith("\r\x1b[K"));
}

}  // namespace
}  // namespace mcdsl::archivecli
