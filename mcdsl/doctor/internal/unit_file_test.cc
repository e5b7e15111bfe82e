#include "mcdsl/doctor/internal/unit_file.h"

#include <array>
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::doctor::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

TEST(UnitFile, ReadsItsSectionAsSystemdDoes) {
  UnitFile unit;
  unit.read(
      "Type=none\n[Unit]\nType=none\n[Service]\n  Type = notify \n; comment\nExecStart=/bin/a \\\n# amid\n  b\n"
      "ReadWritePaths=/a\nReadWritePaths=/b\n[Install]\nType=none\n");
  EXPECT_EQ(unit.last("Type"), "notify");
  EXPECT_EQ(unit.last("ExecStart"), "/bin/a  b");
  EXPECT_THAT(unit.all("ReadWritePaths"), ElementsAre("/a", "/b"));
  EXPECT_THAT(unit.all("Nothing"), IsEmpty());
}

TEST(UnitFile, ForgetsWhatStoodBeforeAnEmptyAssignment) {
  UnitFile unit;
  unit.read("[Service]\nReadWritePaths=/a\nReadWritePaths=\nReadWritePaths=/b\nCapabilityBoundingSet=\n");
  EXPECT_THAT(unit.all("ReadWritePaths"), ElementsAre("/b"));
  EXPECT_TRUE(unit.has("CapabilityBoundingSet"));
  EXPECT_EQ(unit.last("CapabilityBoundingSet"), "");
}

TEST(UnitFile, IsTheFirstOneOfItsNameWithTheDropInsOfAllFolders) {
  const testing::TempDir folder;
  const std::array folders{folder / "etc", folder / "lib"};
  for (const auto& each : folders) {
    std::filesystem::create_directories(each / "notes.service.d");
  }
  folder.write("etc/notes.service", "[Service]\nType=notify\n");
  folder.write("lib/notes.service", "[Service]\nType=simple\n");
  folder.write("lib/notes.service.d/10-a.conf", "[Service]\nNoNewPrivileges=yes\n");
  folder.write("etc/notes.service.d/10-a.conf", "[Service]\nNoNewPrivileges=no\n");
  folder.write("lib/notes.service.d/20-b.conf", "[Service]\nUser=notes\n");
  folder.write("lib/notes.service.d/ignored.txt", "[Service]\nUser=root\n");
  const auto unit = UnitFile::find("notes", folders);
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->path(), folder / "etc/notes.service");
  EXPECT_EQ(unit->last("Type"), "notify");
  EXPECT_FALSE(unit->is_on("NoNewPrivileges"));
  EXPECT_EQ(unit->last("User"), "notes");
  EXPECT_FALSE(UnitFile::find("other", folders));
}

TEST(SystemdTime, IsReadInAllItsForms) {
  EXPECT_EQ(parse_systemd_time("90"), 90s);
  EXPECT_EQ(parse_systemd_time("1min 30s"), 90s);
  EXPECT_EQ(parse_systemd_time("1min30s"), 90s);
  EXPECT_EQ(parse_systemd_time("500ms"), 500ms);
  EXPECT_EQ(parse_systemd_time("2 h"), 2h);
  EXPECT_EQ(parse_systemd_time("infinity"), std::chrono::microseconds::max());
  for (const char* text : {"", " ", "soon", "5 parsecs", "-5", "99999999999999999999", "9223372036854775807h"}) {
    EXPECT_EQ(parse_systemd_time(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace mcdsl::doctor::internal
