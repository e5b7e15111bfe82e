#include "notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"
#include "migrations.h"

namespace my_notes {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NotesTest : public ::testing::Test {
 protected:
  NotesTest() { database_.migrate(kMigrations); }

  std::string add(std::string_view author, std::string_view text) {
    clock_.advance(std::chrono::seconds(1));
    return notes_.add(author, text).value().id;
  }

  std::vector<std::string> texts(std::string_view author, std::int64_t limit = 10, std::string_view before = "") {
    std::vector<std::string> texts;
    for (const Note& note : notes_.list(author, limit, before).value()) {
      texts.push_back(note.text);
    }
    return texts;
  }

  mcdsl::testing::TempDir folder_;
  mcdsl::testing::ManualClock clock_;
  mcdsl::db::Database database_ = mcdsl::db::Database::open({.path = folder_ / "notes.db"});
  Notes notes_{database_, clock_, 3};
};

TEST_F(NotesTest, ListsTheNewestFirstAndGoesOnBehindTheLast) {
  add("alice", "one");
  const std::string two = add("alice", "two");
  add("alice", "three");
  EXPECT_THAT(texts("alice", 2), ElementsAre("three", "two"));
  EXPECT_THAT(texts("alice", 2, two), ElementsAre("one"));
  EXPECT_EQ(notes_.list("alice", 2, "invented").error().code(), mcdsl::Code::invalid_argument);
  EXPECT_EQ(notes_.list("alice", 0, "").error().code(), mcdsl::Code::invalid_argument);
}

TEST_F(NotesTest, ShowsAnAccountItsOwnNotesOnly) {
  const std::string id = add("alice", "a secret");
  EXPECT_THAT(texts("bob"), IsEmpty());
  EXPECT_EQ(notes_.find("bob", id).error().code(), mcdsl::Code::not_found);
  EXPECT_EQ(notes_.remove("bob", id).error().code(), mcdsl::Code::not_found);
  EXPECT_EQ(notes_.find("alice", id)->text, "a secret");
}

TEST_F(NotesTest, KeepsAsManyAsItWasTold) {
  for (int i = 0; i < 3; ++i) {
    add("alice", "a note");
  }
  EXPECT_EQ(notes_.add("alice", "one too many").error().code(), mcdsl::Code::resource_exhausted);
  EXPECT_TRUE(notes_.add("bob", "his first").has_value());
}

TEST_F(NotesTest, RefusesATextThatIsEmptyOrTooLong) {
  EXPECT_EQ(notes_.add("alice", "").error().code(), mcdsl::Code::invalid_argument);
  EXPECT_EQ(notes_.add("alice", std::string(10'001, 'x')).error().code(), mcdsl::Code::invalid_argument);
  EXPECT_TRUE(notes_.add("alice", std::string(10'000, 'x')).has_value());
}

TEST_F(NotesTest, ForgetsWhatIsRemoved) {
  const std::string id = add("alice", "a note");
  EXPECT_TRUE(notes_.remove("alice", id).has_value());
  EXPECT_EQ(notes_.remove("alice", id).error().code(), mcdsl::Code::not_found);
  EXPECT_THAT(texts("alice"), IsEmpty());
}

}  // namespace
}  // namespace my_notes
