#include "mcdsl/db/inspection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/file.h"
#include "mcdsl/db/migration_for_test.h"

namespace mcdsl::db::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Inspection, FindsNothingInASoundDatabaseThatIsInUse) {
  Scratch scratch;
  scratch.database.migrate(kAll);
  const Inspection found = inspect(scratch.settings);
  EXPECT_EQ(found.journal_mode, "wal");
  EXPECT_THAT(found.damage, IsEmpty());
  EXPECT_THAT(found.broken_foreign_keys, IsEmpty());
  EXPECT_GT(found.wal_bytes, 0U);
}

TEST(Inspection, NamesTheJournalModeThatAnotherProgramHasLeft) {
  const mcdsl::testing::TempDir folder;
  const config::Database settings{.path = folder / "notes.db"};
  {
    (void)Database::open(settings).migrate(kAll);
  }
  std::string bytes = read_file(settings.path).value();
  bytes[18] = bytes[19] = 1;  // not WAL (sqlite.org/fileformat2.html §1.3.3)
  folder.write("notes.db", bytes);
  EXPECT_EQ(inspect(settings).journal_mode, "delete");
}

TEST(Inspection, TellsDamageFromSomethingThatIsNoDatabase) {
  const mcdsl::testing::TempDir folder;
  EXPECT_EQ(thrown_by([&] { (void)inspect({.path = folder / "none.db"}); }).code(), Code::not_found);
  folder.write("notes.db", std::string(8192, 'x'));
  EXPECT_THAT(inspect({.path = folder / "notes.db"}).damage, SizeIs(1));
}

}  // namespace
}  // namespace mcdsl::db::testing
