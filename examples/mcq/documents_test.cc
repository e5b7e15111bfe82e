#include "documents.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcq {
namespace {

using mcdsl::Code;

const Editor kAlice{.username = "alice", .is_admin = false};
const Editor kBob{.username = "bob", .is_admin = false};
const Editor kRoot{.username = "root", .is_admin = true};

class DocumentsTest : public ::testing::Test {
 protected:
  DocumentsTest() { database_.migrate(kMigrations); }

  mcdsl::Result<bool> push(const std::string& slug, const Editor& editor = kAlice, const std::string& body = "# text") {
    clock_.advance(std::chrono::seconds(1));
    return documents_.push(
        {.summary = {.slug = slug, .title = "T " + slug, .pushed_by = editor.username, .pushed_at = clock_.now()},
         .body = body},
        editor);
  }

  mcdsl::testing::TempDir folder_;
  mcdsl::testing::ManualClock clock_;
  mcdsl::db::Database database_ = mcdsl::db::Database::open({.path = folder_ / "mcq.db"});
  Documents documents_{database_};
};

TEST_F(DocumentsTest, GivesBackWhatWasPushed) {
  ASSERT_TRUE(push("notes", kAlice, "body with \"quotes\" and\nlines").value());
  const auto found = documents_.find("notes");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->body, "body with \"quotes\" and\nlines");
  EXPECT_EQ(found->summary.title, "T notes");
  EXPECT_EQ(found->summary.pushed_by, "alice");
  EXPECT_EQ(found->summary.pushed_at, clock_.now());
  EXPECT_FALSE(found->summary.read);
}

TEST_F(DocumentsTest, IsUnreadAgainWhenItIsPushedAgain) {
  ASSERT_TRUE(push("notes").value());
  ASSERT_TRUE(documents_.mark("notes", true).has_value());
  EXPECT_TRUE(documents_.find("notes")->summary.read);
  EXPECT_FALSE(push("notes").value()) << "it is not new";
  EXPECT_FALSE(documents_.find("notes")->summary.read);
}

TEST_F(DocumentsTest, ListsTheNewestFirstInPagesThatMissNothing) {
  for (int i = 0; i < 7; ++i) {
    ASSERT_TRUE(push("doc-" + std::to_string(i)).has_value());
  }
  std::vector<std::string> slugs;
  std::string after;
  int pages = 0;
  do {
    const auto page = documents_.list(3, after);
    ASSERT_TRUE(page.has_value());
    for (const Summary& summary : page->documents) {
      slugs.push_back(summary.slug);
    }
    after = page->next.value_or("");
    ++pages;
  } while (!after.empty());
  EXPECT_EQ(pages, 3);
  EXPECT_THAT(slugs, ::testing::ElementsAre("doc-6", "doc-5", "doc-4", "doc-3", "doc-2", "doc-1", "doc-0"));
}

TEST_F(DocumentsTest, RefusesACursorItDidNotGiveOut) {
  for (const std::string cursor : {"x", "bm90LWEtbnVtYmVy", "MTIz", "%%%"}) {
    const auto page = documents_.list(3, cursor);
    ASSERT_FALSE(page.has_value()) << cursor;
    EXPECT_EQ(page.error().code(), Code::invalid_argument);
  }
}

TEST_F(DocumentsTest, LetsOnlyThePusherOrAnAdministratorChangeADocument) {
  ASSERT_TRUE(push("notes", kAlice).value());
  EXPECT_EQ(push("notes", kBob).error().code(), Code::permission_denied);
  EXPECT_EQ(documents_.remove("notes", kBob).error().code(), Code::permission_denied);
  EXPECT_TRUE(documents_.find("notes").has_value());
  EXPECT_TRUE(documents_.remove("notes", kAlice).has_value());
  ASSERT_TRUE(push("notes", kAlice).value());
  EXPECT_TRUE(documents_.remove("notes", kRoot).has_value());
}

TEST_F(DocumentsTest, KnowsWhatIsNotThere) {
  EXPECT_EQ(documents_.find("none").error().code(), Code::not_found);
  EXPECT_EQ(documents_.remove("none", kRoot).error().code(), Code::not_found);
  EXPECT_EQ(documents_.mark("none", true).error().code(), Code::not_found);
}

}  // namespace
}  // namespace mcq
