#include "mcdsl/service/internal/backup_age.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/archive/archive.h"
#include "mcdsl/base/file.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class BackupAge : public ::testing::Test {
 protected:
  BackupAge() {
    std::filesystem::create_directory(folder_ / "backups");
    write_file_atomically(folder_ / "notes.toml", "max_notes = 3\n");
    add_backup_age(service_, folder_ / "backups", 30h);
  }

  std::filesystem::path make() {
    const auto path = archive::default_path(folder_.path(), "notes", clock_.now());
    EXPECT_TRUE(archive::create(folder_.path(), path, {.service = "notes"}, {.clock = clock_}));
    return path;
  }
  void verify(const std::filesystem::path& path) { EXPECT_TRUE(archive::verify(path, {}, {.clock = clock_})); }

  // What the check says; its results are kept for a second.
  std::string health() {
    clock_.advance(2s);
    const auto report = service_.health().report();
    return report.serving ? "serving" : report.findings.at(0).outcome.error().message();
  }

  testing::ManualClock clock_;
  testing::TempDir folder_;
  const config::Standard config_;
  Service service_{"notes", config_, log::Logger(), clock_};
};

TEST_F(BackupAge, IsUnhealthyUntilAnArchiveIsVerified) {
  EXPECT_THAT(health(), HasSubstr("is verified"));
  EXPECT_THAT(service_.metrics().expose(), Not(HasSubstr("verified_backup_age_seconds")));
  const auto path = make();
  EXPECT_THAT(health(), HasSubstr("is verified"));
  verify(path);
  EXPECT_EQ(health(), "serving");
}

TEST_F(BackupAge, IsCountedFromTheMakingOfTheNewestVerifiedOne) {
  verify(make());
  clock_.advance(1h);
  EXPECT_THAT(service_.metrics().expose(), HasSubstr("verified_backup_age_seconds 3600\n"));
  clock_.advance(30h);
  EXPECT_EQ(health(), "the newest verified archive is 31 hours old");
  make();
  EXPECT_EQ(health(), "the newest verified archive is 31 hours old") << "the new one is not verified";
}

}  // namespace
}  // namespace mcdsl::internal
