#include "queue.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcq {
namespace {

using mcdsl::Code;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const Editor kAlice{.username = "alice", .is_admin = false};

std::vector<std::string> slugs_of(const std::vector<Summary>& documents) {
  std::vector<std::string> slugs;
  for (const Summary& summary : documents) {
    slugs.push_back(summary.slug);
  }
  return slugs;
}

class QueueTest : public ::testing::Test {
 protected:
  QueueTest() { database_.migrate(kMigrations); }

  void push(const std::string& slug, const std::string& title = "", const std::string& body = "") {
    clock_.advance(std::chrono::seconds(1));
    push_at(clock_.now(), slug, title, body);
  }

  void push_at(std::chrono::system_clock::time_point when, const std::string& slug, const std::string& title = "",
               const std::string& body = "") {
    ASSERT_TRUE(
        documents_
            .push({.summary = {.slug = slug, .title = title, .pushed_by = "alice", .pushed_at = when}, .body = body},
                  kAlice)
            .has_value());
  }

  void mark(const std::string& slug, bool read = true) { ASSERT_TRUE(documents_.mark(slug, read).has_value()); }

  [[nodiscard]] QueuePage page(std::string cursor = "", std::int64_t limit = 3, std::string search = "") const {
    return queue_.page({.search = std::move(search), .cursor = std::move(cursor), .limit = limit}).value();
  }

  [[nodiscard]] std::vector<std::string> found(std::string words) const {
    return slugs_of(page("", 100, std::move(words)).documents);
  }

  mcdsl::testing::TempDir folder_;
  mcdsl::testing::ManualClock clock_;
  mcdsl::db::Database database_ = mcdsl::db::Database::open({.path = folder_ / "mcq.db"});
  Documents documents_{database_};
  Queue queue_{database_};
};

TEST_F(QueueTest, ShowsTheUnreadFirstAndThenTheNewest) {
  for (const std::string slug : {"a", "b", "c", "d"}) {
    push(slug);
  }
  mark("d");
  mark("b");
  EXPECT_THAT(slugs_of(page("", 10).documents), ElementsAre("c", "a", "d", "b"));
  mark("d", false);
  EXPECT_THAT(slugs_of(page("", 10).documents), ElementsAre("d", "c", "a", "b"));
  EXPECT_EQ(queue_.unread(), 3);
}

TEST_F(QueueTest, PagesBothWaysThroughBothHalvesAndMissesNothing) {
  std::vector<std::string> all;
  for (char letter = 'a'; letter <= 'k'; ++letter) {
    push(std::string(1, letter));
  }
  for (const std::string slug : {"b", "c", "g", "h", "i"}) {
    mark(slug);
  }
  const std::vector<std::string> expected{"k", "j", "f", "e", "d", "a", "i", "h", "g", "c", "b"};
  for (const int limit : {1, 2, 3, 4, 6, 7, 11, 12}) {
    SCOPED_TRACE(limit);
    std::vector<std::string> down;
    std::vector<std::string> pages;
    QueuePage at = page("", limit);
    EXPECT_FALSE(at.previous.has_value());
    for (;;) {
      const auto slugs = slugs_of(at.documents);
      down.insert(down.end(), slugs.begin(), slugs.end());
      pages.push_back(::testing::PrintToString(slugs));
      if (!at.next) {
        break;
      }
      at = page(*at.next, limit);
    }
    EXPECT_EQ(down, expected);
    while (at.previous) {
      pages.pop_back();
      at = page(*at.previous, limit);
      // The last page may be short, so on the way up they begin elsewhere only where that page was the last.
      EXPECT_EQ(::testing::PrintToString(slugs_of(at.documents)), pages.back());
    }
    EXPECT_EQ(pages.size(), 1U);
  }
}

TEST_F(QueueTest, TellsDocumentsOfOneMomentApart) {
  for (const std::string slug : {"a", "b", "c", "d", "e"}) {
    push_at(clock_.now(), slug);
  }
  const auto first = page("", 2);
  EXPECT_THAT(slugs_of(first.documents), ElementsAre("e", "d"));
  const auto second = page(first.next.value(), 2);
  EXPECT_THAT(slugs_of(second.documents), ElementsAre("c", "b"));
  EXPECT_THAT(slugs_of(page(second.previous.value(), 2).documents), ElementsAre("e", "d"));
}

TEST_F(QueueTest, ContinuesAtTheSameDocumentWhenOthersComeAndGo) {
  for (const std::string slug : {"a", "b", "c", "d", "e"}) {
    push(slug);
  }
  const auto first = page("", 2);
  push("f");
  ASSERT_TRUE(documents_.remove("d", kAlice).has_value());  // the one that the cursor stands at
  const auto second = page(first.next.value(), 2);
  EXPECT_THAT(slugs_of(second.documents), ElementsAre("c", "b"));
  EXPECT_THAT(slugs_of(page(second.previous.value(), 2).documents), ElementsAre("f", "e"));
}

TEST_F(QueueTest, FillsTheFirstPageOnTheWayUp) {
  for (const std::string slug : {"a", "b", "c", "d"}) {
    push(slug);
  }
  const auto second = page(page("", 2).next.value(), 2);
  ASSERT_TRUE(documents_.remove("d", kAlice).has_value());
  const auto first = page(second.previous.value(), 2);
  EXPECT_THAT(slugs_of(first.documents), ElementsAre("c", "b"));
  EXPECT_FALSE(first.previous.has_value());
}

TEST_F(QueueTest, HasNoPagesBesideAnEmptyOne) {
  const auto only = page();
  EXPECT_THAT(only.documents, IsEmpty());
  EXPECT_FALSE(only.next.has_value());
  EXPECT_FALSE(only.previous.has_value());
}

TEST_F(QueueTest, RefusesACursorItDidNotGiveOut) {
  for (const std::string cursor : {"x", "%%%", "ZG4", "ZG4xMg", "eG4xMjpz", "ZHgxMjpz", "ZG46cw", "ZG4xOv8"}) {
    const auto answer = queue_.page({.cursor = cursor});
    ASSERT_FALSE(answer.has_value()) << cursor;
    EXPECT_EQ(answer.error().code(), Code::invalid_argument);
  }
}

TEST_F(QueueTest, FindsWordsByTheirBeginningInSlugTitleAndBody) {
  push("rust-notes", "Ownership", "who frees what");
  push("naïve", "Café Zürich", "a **bold** word, and snake_case");
  push("queue", "Reading queue", "ownership of rows");
  EXPECT_THAT(found("own"), UnorderedElementsAre("rust-notes", "queue"));
  EXPECT_THAT(found("OWN rust"), ElementsAre("rust-notes"));
  EXPECT_THAT(found("cafe zur"), ElementsAre("naïve"));
  EXPECT_THAT(found("  bold\t"), ElementsAre("naïve"));
  EXPECT_THAT(found("notes"), ElementsAre("rust-notes"));
  EXPECT_THAT(found("wnership"), IsEmpty());
  EXPECT_THAT(found("own nothing"), IsEmpty());
}

TEST_F(QueueTest, FindsTheUnreadFirstAndPagesWhatItFinds) {
  for (const std::string slug : {"x-a", "y-b", "x-c", "x-d", "y-e", "x-f"}) {
    push(slug);
  }
  mark("x-f");
  const auto first = page("", 2, "x");
  EXPECT_THAT(slugs_of(first.documents), ElementsAre("x-d", "x-c"));
  EXPECT_FALSE(first.previous.has_value());
  const auto second = page(first.next.value(), 2, "x");
  EXPECT_THAT(slugs_of(second.documents), ElementsAre("x-a", "x-f"));
  EXPECT_FALSE(second.next.has_value());
  EXPECT_EQ(queue_.count_found("x"), 4);
  EXPECT_EQ(queue_.count_found("nothing"), 0);
  EXPECT_THAT(slugs_of(page(second.previous.value(), 2, "x").documents), ElementsAre("x-d", "x-c"));
}

TEST_F(QueueTest, TakesAnyTextForASearch) {
  push("plain", "A title", "C++ and \"quoted\" text, 100% NOT NEAR OR AND");
  const std::vector<std::string> texts{"\"",
                                       "\"\"\"",
                                       "*",
                                       "**",
                                       "a*",
                                       "AND",
                                       "OR",
                                       "NOT",
                                       "NEAR(a b, 2)",
                                       "title:a",
                                       "{title body}: a",
                                       "^a",
                                       "(",
                                       ")",
                                       "((",
                                       "-a",
                                       "+",
                                       "'",
                                       "';--",
                                       "' OR 1=1 --",
                                       "a\"b",
                                       "\\",
                                       "%",
                                       "_",
                                       "😀",
                                       "\xc3\xa9",
                                       "\x01\x02",
                                       std::string(1, '\0'),
                                       std::string("a\0b", 3),
                                       std::string(10000, 'x'),
                                       std::string(3000, '"'),
                                       std::string(200, ' ') + "a"};
  for (const std::string& text : texts) {
    EXPECT_TRUE(queue_.page({.search = text}).has_value()) << text;
  }
  EXPECT_THAT(found("NOT near"), ElementsAre("plain")) << "operators are words";
  EXPECT_THAT(found("\"quoted\""), ElementsAre("plain"));
  EXPECT_THAT(found("c++"), ElementsAre("plain"));
  EXPECT_THAT(found("-- title"), ElementsAre("plain")) << "what holds no word says nothing";
  EXPECT_THAT(found("--"), IsEmpty());
}

TEST_F(QueueTest, WritesEachWordOfASearchAsAQuotedPrefix) {
  EXPECT_EQ(to_search_expression(" a  b\"c "), "\"a\"* \"b\"\"c\"*");
  EXPECT_EQ(to_search_expression(" \n"), "");
  EXPECT_EQ(to_search_expression(std::string(63, 'x') + "é"), "\"" + std::string(63, 'x') + "\"*")
      << "no half of a character";
  std::string many;
  for (int i = 0; i < 100; ++i) {
    many += "w ";
  }
  EXPECT_EQ(to_search_expression(many).size(), 16 * 5 - 1U);
}

TEST_F(QueueTest, KeepsTheIndexOfWordsInStepWithTheDocuments) {
  push("one", "First", "alpha");
  push("two", "Second", "alpha beta");
  push("one", "First", "gamma");
  EXPECT_THAT(found("alpha"), ElementsAre("two"));
  EXPECT_THAT(found("gamma"), ElementsAre("one"));
  ASSERT_TRUE(documents_.remove("two", kAlice).has_value());
  EXPECT_THAT(found("alpha"), IsEmpty());
  const Document of_another{.summary = {.slug = "one", .title = "x", .pushed_by = "bob", .pushed_at = clock_.now()},
                            .body = "delta"};
  EXPECT_FALSE(documents_.push(of_another, {.username = "bob"}).has_value());
  EXPECT_THAT(found("delta"), IsEmpty());
  EXPECT_THAT(found("gamma"), ElementsAre("one"));
  // SQLite's own comparison of the index with the texts.
  EXPECT_TRUE(database_
                  .write([](mcdsl::db::WriteTransaction& transaction) {
                    return transaction.execute(
                        "INSERT INTO document_search (document_search, rank) VALUES ('integrity-check', 1)");
                  })
                  .has_value());
}

TEST_F(QueueTest, FindsWhatWasPushedBeforeThereWasASearch) {
  auto old = mcdsl::db::Database::open({.path = folder_ / "old.db"});
  old.migrate(kMigrations.first(2));
  ASSERT_TRUE(old.write([](mcdsl::db::WriteTransaction& transaction) {
                   return transaction.execute(
                       "INSERT INTO documents (slug, title, body, pushed_by, pushed_at) "
                       "VALUES ('old', 'Old title', 'antique', 'alice', 1)");
                 })
                  .has_value());
  old.migrate(kMigrations);
  EXPECT_THAT(slugs_of(Queue(old).page({.search = "antiq"})->documents), ElementsAre("old"));
  ASSERT_TRUE(Documents(old).remove("old", kAlice).has_value());
  EXPECT_THAT(Queue(old).page({.search = "antiq"})->documents, IsEmpty());
}

TEST_F(QueueTest, FindsTheSameInASnapshot) {
  push("one", "First", "alpha");
  push("two", "Second", "beta");
  push("three", "Third", "gamma");
  ASSERT_TRUE(documents_.remove("one", kAlice).has_value());  // so that the rows could be numbered anew
  const auto path = folder_ / "copy.db";
  database_.snapshot(path);
  const auto copy = mcdsl::db::Database::open({.path = path});
  EXPECT_THAT(slugs_of(Queue(copy).page({.search = "gam"})->documents), ElementsAre("three"));
  EXPECT_THAT(slugs_of(Queue(copy).page({.search = "bet"})->documents), ElementsAre("two"));
}

TEST_F(QueueTest, NamesWhatToReadNext) {
  EXPECT_FALSE(queue_.next_unread("").has_value());
  push("a");
  push("b");
  EXPECT_EQ(queue_.next_unread("").value().slug, "b");
  EXPECT_EQ(queue_.next_unread("b").value().slug, "a");
  mark("a");
  EXPECT_FALSE(queue_.next_unread("b").has_value());
}

}  // namespace
}  // namespace mcq
