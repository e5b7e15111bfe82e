#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "mcdsl/db/migration.h"

namespace mcdsl::db {
namespace {

std::string checksum_of(std::string_view sql) {
  return checksum({.version = 1, .name = "x", .sql = sql});
}

TEST(MigrationChecksum, IsTheSha256OfTheTextWithSingleSpaces) {
  EXPECT_EQ(checksum_of("SELECT 1"), "e004ebd5b5532a4b85984a62f8ad48a81aa3460c1ca07701f386135d72cdecf5");
}

TEST(MigrationChecksum, DoesNotSeeLayoutOrComments) {
  const std::string plain = checksum_of("CREATE TABLE a (x, y)");
  EXPECT_EQ(checksum_of("\n\tCREATE  TABLE\r\n a (x,\n y)  \n"), plain);
  EXPECT_EQ(checksum_of("-- what it's for\nCREATE TABLE a -- the 'table'\n (x, y)"), plain);
  EXPECT_EQ(checksum_of("CREATE /* it's\n * one */ TABLE a (x, y) -- end"), plain);
  EXPECT_EQ(checksum_of("CREATE TABLE a (x, y) /* never ended"), plain);
}

TEST(MigrationChecksum, CoversTheSqlOnly) {
  const Migration coded{.version = 9, .name = "y", .sql = "SELECT 1", .code = [](WriteTransaction& /*transaction*/) {}};
  EXPECT_EQ(checksum(coded), checksum_of("SELECT 1"));
}

TEST(MigrationChecksum, SeesEveryChangeOfMeaning) {
  const auto differ = [](std::string_view one, std::string_view other) {
    EXPECT_NE(checksum_of(one), checksum_of(other)) << one << " | " << other;
  };
  differ("SELECT 1", "SELECT 2");
  differ("SELECT 1", "SELECT1");
  differ("SELECT 'a  b'", "SELECT 'a b'");
  differ("SELECT \"a\nb\"", "SELECT \"a b\"");
  differ("SELECT [a  b]", "SELECT [a b]");
  differ("SELECT `a  b`", "SELECT `a b`");
  differ("SELECT 'it''s  so'", "SELECT 'it''s so'");
  differ("SELECT 1 -- and\n+ 2", "SELECT 1 -- and + 2");
  differ("SELECT '--  x'", "SELECT '-- x'");
  differ("SELECT '/* x */'", "SELECT ''");
  differ("-- it's\nSELECT 'a  b'", "-- it's\nSELECT 'a b'");
  differ("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT ';  --'; END",
         "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT '; --'; END");
}

}  // namespace
}  // namespace mcdsl::db
