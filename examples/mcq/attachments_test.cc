#include "attachments.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcdsl/crypto/digest.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"
#include "small_disk_test.h"

namespace mcq {
namespace {

using mcdsl::Code;
using mcdsl::Exception;
using mcdsl::Result;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Editor kAlice{.username = "alice", .is_admin = false};
const Editor kBob{.username = "bob", .is_admin = false};
const Editor kRoot{.username = "root", .is_admin = true};

// A body that comes in pieces.
class Body {
 public:
  explicit Body(std::string_view text, std::size_t piece = 1000) : text_(text), piece_(piece) {}

  Result<std::size_t> operator()(std::span<char> into) const {
    const std::size_t count = text_.copy(into.data(), std::min(piece_, into.size()), from_);
    from_ += count;
    return count;
  }

 private:
  std::string_view text_;
  std::size_t piece_;
  mutable std::size_t from_ = 0;
};

std::string content(const OpenAttachment& attachment) {
  std::string text(attachment.about.size + 1, '\0');
  text.resize(static_cast<std::size_t>(::pread(attachment.file->get(), text.data(), text.size(), 0)));
  return text;
}

class AttachmentsTest : public ::testing::Test {
 protected:
  AttachmentsTest() {
    database_.migrate(kMigrations);
    push("doc");
    start();
  }

  void start() {
    attachments_.reset();
    attachments_.emplace(database_, folder_ / "attachments",
                         AttachmentOptions{.logger = log_.logger(), .clock = clock_});
  }

  void push(const std::string& slug, const Editor& editor = kAlice) {
    const auto pushed = documents_.push(
        {.summary = {.slug = slug, .title = "T", .pushed_by = editor.username, .pushed_at = clock_.now()}, .body = "b"},
        editor);
    ASSERT_TRUE(pushed);
  }

  Result<StoredAttachment> put(const std::string& slug, const std::string& name, std::string_view body,
                               const Editor& editor = kAlice) {
    return attachments_->put(slug, name, "text/plain", editor, Body(body));
  }

  [[nodiscard]] std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "attachments")) {
      names.insert(entry.path().filename());
    }
    return names;
  }

  [[nodiscard]] std::vector<std::string> discarded() const {
    return database_.read([](mcdsl::db::ReadTransaction& transaction) {
      return transaction.query<std::string>("SELECT file FROM discarded_files");
    });
  }

  // The same as other programs, or a power cut, leave it.
  void execute(std::string_view sql) const {
    value_or_throw(database_.write([&](mcdsl::db::WriteTransaction& transaction) { return transaction.execute(sql); }));
  }

  mcdsl::testing::TempDir folder_;
  mcdsl::testing::LogCapture log_;
  mcdsl::testing::ManualClock clock_;
  mcdsl::db::Database database_ = mcdsl::db::Database::open({.path = folder_ / "mcq.db"});
  Documents documents_{database_};
  std::optional<Attachments> attachments_;
};

TEST_F(AttachmentsTest, GivesBackWhatWasPut) {
  const std::string body(200'000, 'x');
  const auto stored = put("doc", "a.txt", body);
  ASSERT_TRUE(stored);
  EXPECT_TRUE(stored->is_new);
  const auto opened = attachments_->open("doc", "a.txt");
  ASSERT_TRUE(opened);
  EXPECT_TRUE(content(*opened) == body);
  EXPECT_EQ(opened->about.name, "a.txt");
  EXPECT_EQ(opened->about.size, body.size());
  EXPECT_EQ(opened->about.sha256, mcdsl::crypto::to_hex(mcdsl::crypto::sha256(body)));
  EXPECT_EQ(opened->about.content_type, "text/plain");
  EXPECT_EQ(opened->about.stored_at, clock_.now());
  EXPECT_EQ(stored->about.sha256, opened->about.sha256);
}

TEST_F(AttachmentsTest, TakesAnEmptyBody) {
  ASSERT_TRUE(put("doc", "empty", ""));
  EXPECT_EQ(attachments_->open("doc", "empty")->about.size, 0U);
}

TEST_F(AttachmentsTest, KeepsItsFilesPrivateAndUnderNamesOfItsOwn) {
  ASSERT_TRUE(put("doc", "a.txt", "x"));
  struct stat status{};
  ASSERT_EQ(::stat((folder_ / "attachments").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0700U);
  ASSERT_THAT(files(), SizeIs(1));
  ASSERT_EQ(::stat((folder_ / "attachments" / *files().begin()).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_THAT(*files().begin(), ::testing::MatchesRegex("[0-9a-f-]+"));
}

TEST_F(AttachmentsTest, ListsByName) {
  push("other");
  for (const std::string name : {"b", "a", "c"}) {
    ASSERT_TRUE(put("doc", name, "x"));
  }
  ASSERT_TRUE(put("other", "d", "x"));
  std::vector<std::string> names;
  const auto listed = attachments_->list("doc");
  for (const Attachment& about : listed.value()) {
    names.push_back(about.name);
  }
  EXPECT_THAT(names, ElementsAre("a", "b", "c"));
}

TEST_F(AttachmentsTest, ReplacesAndUnlinksWhatWasThere) {
  ASSERT_TRUE(put("doc", "a", "old"));
  const auto before = attachments_->open("doc", "a");
  const auto replaced = put("doc", "a", "newer");
  ASSERT_TRUE(replaced);
  EXPECT_FALSE(replaced->is_new);
  EXPECT_EQ(content(*attachments_->open("doc", "a")), "newer");
  EXPECT_EQ(content(*before), "old") << "who has it open reads on";
  EXPECT_THAT(files(), SizeIs(1));
  EXPECT_THAT(discarded(), IsEmpty());
}

TEST_F(AttachmentsTest, RemovesTheRowAndTheFile) {
  ASSERT_TRUE(put("doc", "a", "x"));
  ASSERT_TRUE(attachments_->remove("doc", "a", kAlice));
  EXPECT_EQ(attachments_->open("doc", "a").error().code(), Code::not_found);
  EXPECT_EQ(attachments_->remove("doc", "a", kAlice).error().code(), Code::not_found);
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(AttachmentsTest, GoWithTheirDocument) {
  push("other");
  ASSERT_TRUE(put("doc", "a", "x"));
  ASSERT_TRUE(put("doc", "b", "x"));
  ASSERT_TRUE(put("other", "a", "x"));
  ASSERT_TRUE(documents_.remove("doc", kAlice));
  EXPECT_THAT(discarded(), SizeIs(2)) << "a crash here loses track of nothing";
  attachments_->unlink_discarded();
  EXPECT_THAT(files(), SizeIs(1));
  EXPECT_THAT(discarded(), IsEmpty());
  push("doc");
  EXPECT_THAT(attachments_->list("doc").value(), IsEmpty());
  EXPECT_TRUE(attachments_->open("other", "a"));
}

TEST_F(AttachmentsTest, StayWhenTheirDocumentIsPushedAgain) {
  ASSERT_TRUE(put("doc", "a", "x"));
  push("doc");
  EXPECT_TRUE(attachments_->open("doc", "a"));
}

TEST_F(AttachmentsTest, AreChangedByWhoMayChangeTheDocument) {
  EXPECT_EQ(put("doc", "a", "x", kBob).error().code(), Code::permission_denied);
  ASSERT_TRUE(put("doc", "a", "x", kAlice));
  EXPECT_EQ(attachments_->remove("doc", "a", kBob).error().code(), Code::permission_denied);
  EXPECT_TRUE(put("doc", "a", "y", kRoot));
  EXPECT_TRUE(attachments_->remove("doc", "a", kRoot));
}

TEST_F(AttachmentsTest, NeedADocument) {
  EXPECT_EQ(put("none", "a", "x").error().code(), Code::not_found);
  EXPECT_EQ(attachments_->list("none").error().code(), Code::not_found);
  EXPECT_EQ(attachments_->open("none", "a").error().code(), Code::not_found);
  EXPECT_EQ(attachments_->remove("none", "a", kRoot).error().code(), Code::not_found);
}

TEST_F(AttachmentsTest, AsksBeforeItReadsWhetherTheBodyIsWanted) {
  bool was_read = false;
  const auto refused = attachments_->put("doc", "a", "text/plain", kBob, [&](std::span<char>) -> Result<std::size_t> {
    was_read = true;
    return 0;
  });
  EXPECT_FALSE(refused);
  EXPECT_FALSE(was_read);
}

TEST_F(AttachmentsTest, AsksAgainWhenTheBodyIsThere) {
  const auto late = attachments_->put("doc", "a", "text/plain", kAlice, [&](std::span<char>) -> Result<std::size_t> {
    value_or_throw(documents_.remove("doc", kAlice));
    return 0;
  });
  EXPECT_EQ(late.error().code(), Code::not_found);
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(AttachmentsTest, LeaveNothingOfABodyThatBreaksOff) {
  ASSERT_TRUE(put("doc", "a", "old"));
  bool is_first = true;
  const auto broken = attachments_->put("doc", "a", "text/plain", kAlice, [&](std::span<char>) -> Result<std::size_t> {
    return std::exchange(is_first, false) ? Result<std::size_t>(10) : mcdsl::fail(Code::cancelled, "gone");
  });
  EXPECT_EQ(broken.error().code(), Code::cancelled);
  EXPECT_EQ(content(*attachments_->open("doc", "a")), "old");
  EXPECT_THAT(files(), SizeIs(1));
}

TEST_F(AttachmentsTest, SweepsWhatAKilledProcessLeft) {
  ASSERT_TRUE(put("doc", "a", "kept"));
  ASSERT_TRUE(put("doc", "b", "given up"));
  execute("DELETE FROM attachments WHERE name = 'b'");  // and killed before the file was unlinked
  folder_.write("attachments/00000000-0000-4000-8000-000000000000", "killed before the row was written");
  folder_.write("attachments/notes-of-the-operator", "none of ours");
  start();
  EXPECT_THAT(files(), SizeIs(2));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "attachments" / "notes-of-the-operator"));
  EXPECT_EQ(content(*attachments_->open("doc", "a")), "kept");
  EXPECT_THAT(discarded(), IsEmpty());
  EXPECT_THAT(log_.text(), HasSubstr("count=2"));
}

TEST_F(AttachmentsTest, TakesOffItsListWhatWasUnlinkedBeforeACrash) {
  execute("INSERT INTO discarded_files VALUES ('00000000-0000-4000-8000-000000000000')");
  attachments_->unlink_discarded();
  EXPECT_THAT(discarded(), IsEmpty());
}

TEST_F(AttachmentsTest, LeavesForLaterWhatItCannotUnlink) {
  std::filesystem::create_directory(folder_ / "attachments" / "a-folder");
  execute("INSERT INTO discarded_files VALUES ('a-folder')");
  attachments_->unlink_discarded();
  EXPECT_THAT(discarded(), SizeIs(1));
  EXPECT_THAT(log_.text(), HasSubstr("left for later"));
}

TEST_F(AttachmentsTest, SaysWhenAFileIsMissingOrCutShort) {
  ASSERT_TRUE(put("doc", "a", "content"));
  const auto file = folder_ / "attachments" / *files().begin();
  std::filesystem::resize_file(file, 3);
  const auto open = [&] {
    try {
      (void)attachments_->open("doc", "a");
      return Code::unknown;
    } catch (const Exception& problem) {
      return problem.error().code();
    }
  };
  EXPECT_EQ(open(), Code::data_loss);
  std::filesystem::remove(file);
  EXPECT_EQ(open(), Code::data_loss);
}

TEST_F(AttachmentsTest, RefusesAFolderThatAnotherProcessUses) {
  try {
    const Attachments second(database_, folder_ / "attachments");
    FAIL() << "it would sweep what the first one is writing";
  } catch (const Exception& problem) {
    EXPECT_EQ(problem.error().code(), Code::failed_precondition);
    EXPECT_THAT(problem.what(), HasSubstr("another process"));
  }
}

TEST_F(AttachmentsTest, AreUnavailableOnAFullDiskAndLeaveNothingThere) {
  attachments_.reset();
  const SmallDisk disk(folder_ / "attachments", "2m");
  if (!disk.is_mounted()) {
    GTEST_SKIP() << "no privilege to mount a small disk";
  }
  start();
  ASSERT_TRUE(put("doc", "kept", std::string(1'000'000, 'x')));
  try {
    (void)put("doc", "too much", std::string(2'000'000, 'x'));
    FAIL() << "it fitted";
  } catch (const Exception& problem) {
    EXPECT_EQ(problem.error().code(), Code::unavailable);
    EXPECT_EQ(problem.error().public_text(), "no room left for attachments");
    EXPECT_THAT(problem.what(), HasSubstr("No space left"));
  }
  EXPECT_THAT(files(), SizeIs(1));
  EXPECT_EQ(attachments_->open("doc", "too much").error().code(), Code::not_found);
  EXPECT_TRUE(put("doc", "fits", std::string(500'000, 'x'))) << "the room of the failed one is free again";
  attachments_.reset();
}

TEST_F(AttachmentsTest, AreUnavailableWhereTheDatabaseHasNoRoomForTheRow) {
  const auto place = folder_ / "small";
  std::filesystem::create_directory(place);
  const SmallDisk disk(place, "2m");
  if (!disk.is_mounted()) {
    GTEST_SKIP() << "no privilege to mount a small disk";
  }
  auto database = mcdsl::db::Database::open({.path = place / "mcq.db"});
  database.migrate(kMigrations);
  const Document document{.summary = {.slug = "doc", .title = "T", .pushed_by = "alice", .pushed_at = clock_.now()},
                          .body = "b"};
  ASSERT_TRUE(Documents(database).push(document, kAlice));
  const Attachments attachments(database, folder_ / "others");
  const std::string long_name(3'000'000, 'n');  // the files' disk has room, the row's has not
  const auto refused = attachments.put("doc", long_name, "text/plain", kAlice, Body("x"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::unavailable) << refused.error().to_string();
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "others"));
  EXPECT_TRUE(attachments.put("doc", "short", "text/plain", kAlice, Body("x")));
}

}  // namespace
}  // namespace mcq
