// `mcdsl new`, file by file. What it makes is built and run by tests/install.
#include "tools/mcdsl/new.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "mcdsl/base/error.h"
#include "mcdsl/cli/program.h"
#include "mcdsl/testing/temp_dir.h"
#include "tools/mcdsl/program.h"

namespace mcdsl::tool {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

NewService service(std::string_view name, bool has_grpc, bool has_web = false) {
  return {.name = parse_service_name(name), .library_version = "7.8.9", .has_grpc = has_grpc, .has_web = has_web};
}

struct Kind {
  bool has_grpc;
  bool has_web;
};
constexpr Kind kKinds[] = {{false, false}, {false, true}, {true, false}, {true, true}};

std::vector<std::string> paths(const std::vector<NewFile>& files) {
  std::vector<std::string> paths;
  std::ranges::transform(files, std::back_inserter(paths), &NewFile::path);
  return paths;
}

std::string text_of(const std::vector<NewFile>& files, std::string_view path) {
  const auto found = std::ranges::find(files, path, &NewFile::path);
  return found == files.end() ? "" : found->text;
}

TEST(ServiceName, IsSpelledInFourWays) {
  const ServiceName name = parse_service_name("reading-list2");
  EXPECT_EQ(name.dashed, "reading-list2");
  EXPECT_EQ(name.underscored, "reading_list2");
  EXPECT_EQ(name.pascal, "ReadingList2");
  EXPECT_EQ(name.upper, "READING_LIST2");
}

TEST(ServiceName, RefusesWhatIsNoIdentifierFolderOrUser) {
  for (const std::string_view wrong :
       {"", "Notes", "2notes", "-notes", "notes-", "no--tes", "no_tes", "no tes", "../notes", "notes/x", "nötes",
        "notes\n", "a-name-that-is-longer-than-32-bytes"}) {
    EXPECT_THROW((void)parse_service_name(wrong), Exception) << wrong;
  }
  EXPECT_NO_THROW((void)parse_service_name("a"));
  EXPECT_NO_THROW((void)parse_service_name("a-name-of-exactly-32-bytes-is-ok"));
}

TEST(ServiceName, RefusesWordsOfCppAndOfTheBuild) {
  for (const std::string_view taken :
       {"class", "xor", "abort", "time", "signal", "write", "test", "all", "mcdsl", "std"}) {
    EXPECT_THROW((void)parse_service_name(taken), Exception) << taken;
  }
}

TEST(NewService, HasTheFilesOfItsKindAlone) {
  const auto rest = paths(files_of(service("demo", false)));
  EXPECT_THAT(rest, Contains("src/routes.cc"));
  EXPECT_THAT(rest, Not(Contains("src/api.cc")));
  EXPECT_THAT(rest, Not(Contains(HasSubstr(".proto"))));
  const auto grpc = paths(files_of(service("demo", true)));
  EXPECT_THAT(grpc, Contains("src/api.cc"));
  EXPECT_THAT(grpc, Contains("proto/demo/v1/demo.proto"));
  EXPECT_THAT(grpc, Not(Contains("src/routes.cc")));
  EXPECT_THAT(grpc, Not(Contains("src/pages.cc")));
  const auto web = paths(files_of(service("demo", false, true)));
  EXPECT_THAT(web, Contains("src/pages.cc"));
  EXPECT_THAT(web, Contains("assets/demo.css"));
  EXPECT_THAT(web, Contains("src/routes.cc"));
}

// Every combination: nothing of the scaffold's own is left, and its build names just the sources that are there.
TEST(NewService, LeavesNothingOfTheScaffoldAndNamesEverySourceItHas) {
  for (const auto& [has_grpc, has_web] : kKinds) {
    const auto files = files_of(service("reading-list", has_grpc, has_web));
    const std::string cmake = text_of(files, "CMakeLists.txt");
    EXPECT_THAT(cmake, HasSubstr("find_package(mcdsl 7.8.9 REQUIRED)"));
    for (const NewFile& file : files) {
      for (const std::string_view rest :
           {"my-notes", "my_notes", "MyNotes", "MY_NOTES", "[if ", "[end]", "@mcdsl", "mcq", "MCQ"}) {
        EXPECT_THAT(file.path + "\n" + file.text, Not(HasSubstr(rest))) << file.path;
      }
      EXPECT_TRUE(file.text.ends_with('\n')) << file.path;
      EXPECT_FALSE(file.text.ends_with("\n\n")) << file.path;
      EXPECT_EQ(file.is_executable, file.path == "dev");
      if (file.path.ends_with(".cc") || file.path.ends_with(".proto")) {
        EXPECT_THAT(cmake, HasSubstr(file.path.substr(file.path.ends_with(".proto") ? 6 : 0)));
      }
    }
    EXPECT_LE(std::ranges::count(text_of(files, "src/main.cc"), '\n'), 40);
  }
}

TEST(NewService, IsFormattedWhateverItsName) {
  if (std::system("command -v clang-format-19 >/dev/null") != 0) {  // NOLINT(cert-env33-c): the test's own words
    GTEST_SKIP() << "no clang-format-19";
  }
  const testing::TempDir folder;
  for (const std::string_view name : {"a", "a-name-of-exactly-32-bytes-is-ok"}) {
    for (const auto& [has_grpc, has_web] : kKinds) {
      const fs::path root = folder / (std::string(name) + (has_grpc ? "-grpc" : "") + (has_web ? "-web" : ""));
      for (const NewFile& file : files_of(service(name, has_grpc, has_web))) {
        fs::create_directories((root / file.path).parent_path());
        std::ofstream(root / file.path) << file.text;
      }
      const std::string command = "cd '" + root.string() + "' && clang-format-19 --dry-run -Werror src/*.cc src/*.h";
      EXPECT_EQ(std::system(command.c_str()), 0) << name;  // NOLINT(cert-env33-c): the test's own words
    }
  }
}

class NewCommand : public ::testing::Test {
 protected:
  // What it prints, or why it failed.
  std::string run(std::vector<std::string> words) {
    words.insert(words.begin(), "new");
    std::ostringstream out;
    try {
      cli::run(describe({.out = out, .err = out}), words, out, out);
    } catch (const std::exception& problem) {
      return std::string("failed: ") + problem.what();
    }
    return out.str();
  }

  [[nodiscard]] std::vector<std::string> entries() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  testing::TempDir folder_;
};

TEST_F(NewCommand, WritesTheServiceAndNothingBesideIt) {
  EXPECT_THAT(run({"demo", "--grpc", "--web", "--out", (folder_ / "demo").string()}), HasSubstr("./dev run"));
  EXPECT_THAT(entries(), ::testing::ElementsAre("demo"));
  EXPECT_TRUE(fs::exists(folder_ / "demo/proto/demo/v1/demo.proto"));
  EXPECT_TRUE(fs::exists(folder_ / "demo/templates/list.html"));
  struct stat status{};
  ASSERT_EQ(::stat((folder_ / "demo/dev").c_str(), &status), 0);
  EXPECT_NE(status.st_mode & S_IXUSR, 0U);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ASSERT_EQ(::stat((folder_ / "demo").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0777U & ~mask);
}

TEST_F(NewCommand, RefusesAPlaceThatIsTaken) {
  fs::create_directory(folder_ / "empty");
  fs::create_symlink("nowhere", folder_ / "dangling");
  folder_.write("file", "precious");
  for (const std::string taken : {"empty", "dangling", "file", "empty/"}) {
    EXPECT_THAT(run({"demo", "--out", (folder_ / taken).string()}), HasSubstr("is there already")) << taken;
  }
  EXPECT_THAT(entries(), ::testing::UnorderedElementsAre("empty", "dangling", "file"));
  EXPECT_TRUE(fs::is_empty(folder_ / "empty"));
}

TEST_F(NewCommand, LeavesNothingBehindWhereItCannotWrite) {
  EXPECT_THAT(run({"demo", "--out", (folder_ / "missing/demo").string()}), HasSubstr("failed: "));
  EXPECT_THAT(run({"Demo", "--out", (folder_ / "demo").string()}), HasSubstr("no name for a service"));
  EXPECT_THAT(entries(), IsEmpty());
}

}  // namespace
}  // namespace mcdsl::tool
