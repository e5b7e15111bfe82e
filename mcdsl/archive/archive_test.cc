#include "mcdsl/archive/archive.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "mcdsl/archive/restore.h"
#include "mcdsl/archive/tree_for_test.h"
#include "mcdsl/base/folder_lock.h"
#include "mcdsl/db/database.h"
#include "mcdsl/db/file.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::archive {
namespace {

using mcdsl::testing::LogCapture;
using mcdsl::testing::ManualClock;
using mcdsl::testing::TempDir;
using testing::bytes_of;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::noise;
using ::testing::Pair;
using testing::put;
using testing::Tree;
using testing::tree_of;

// A service's folder, and a place for what is made of it.
class Archive : public ::testing::Test {
 protected:
  Archive() { std::filesystem::create_directory(folder_); }

  [[nodiscard]] Result<Summary> make(CreateOptions options = {}) {
    options.service = "notes";
    return create(folder_, archive_, options, with_);
  }
  void shell(const std::string& command) const {
    ASSERT_EQ(std::system(("cd '" + root_.path().string() + "' && " + command).c_str()), 0) << command;
  }
  [[nodiscard]] db::Database open_database(const std::string& name) const {
    return db::Database::open({.path = folder_ / name});
  }
  [[nodiscard]] static std::vector<std::string> paths_of(const Listing& listing) {
    std::vector<std::string> paths;
    for (const Entry& entry : listing.entries) {
      paths.push_back(entry.path);
    }
    return paths;
  }
  [[nodiscard]] std::vector<std::string> beside() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(root_.path())) {
      names.push_back(entry.path().filename());
    }
    std::ranges::sort(names);
    return names;
  }

  TempDir root_;
  std::filesystem::path folder_ = root_ / "notes";
  std::filesystem::path archive_ = root_ / "a.tar.zst";
  std::filesystem::path target_ = root_ / "restored";
  LogCapture log_;
  ManualClock clock_;
  Dependencies with_{.logger = log_.logger(), .clock = clock_};
};

TEST_F(Archive, RoundTripsEveryKindOfName) {
  std::filesystem::create_directory(folder_ / "empty folder");
  put(folder_ / "empty", "");
  put(folder_ / "certs" / "key.pem", "secret", 0400);
  put(folder_ / "readable", "x", 0644);
  put(folder_ / "not \xff\xfe utf-8\n", "bytes");
  put(folder_ / std::string(255, 'n'), "255 bytes");
  std::filesystem::path deep = folder_;
  for (int i = 0; i < 8; ++i) {
    deep /= std::string(100, static_cast<char>('a' + i)) + "\x80";
  }
  put(deep / "file", "at the end of a path of 800 bytes that are not UTF-8");
  put(folder_ / "large", noise(3'000'000, 1));
  const Tree before = tree_of(folder_);

  const auto made = make();
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_THAT(made->problems, IsEmpty());
  EXPECT_EQ(made->entries, before.size());
  const auto verified = verify(archive_, {}, with_);
  ASSERT_TRUE(verified) << verified.error().to_string();
  EXPECT_EQ(verified->sha256, made->sha256);
  const auto restored = restore(archive_, target_, {}, with_);
  ASSERT_TRUE(restored) << restored.error().to_string();
  EXPECT_EQ(tree_of(target_), before);
  EXPECT_EQ(tree_of(folder_), before);

  shell("mkdir by_tar && tar -C by_tar --zstd -xpf a.tar.zst && rm by_tar/.mcdsl-manifest");
  EXPECT_EQ(tree_of(root_ / "by_tar"), before) << "any tar can unpack it";
}

TEST_F(Archive, RoundTripsHolesWithoutStoringThem) {
  const auto file = put(folder_ / "sparse", "start");
  std::filesystem::resize_file(file, 64 << 20U);
  {
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(40'000'000);
    out << noise(100'000, 3);
  }
  std::filesystem::resize_file(put(folder_ / "hole", ""), 5'000'000);
  const auto made = make();
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_LT(made->archive_bytes, 300'000);
  ASSERT_TRUE(verify(archive_, {}, with_));
  ASSERT_TRUE(restore(archive_, target_, {}, with_));
  shell("cmp notes/sparse restored/sparse && cmp notes/hole restored/hole");
  struct stat status{};
  ASSERT_EQ(::stat((target_ / "sparse").c_str(), &status), 0);
  EXPECT_LT(status.st_blocks * 512, 2'000'000) << "the holes are holes again";
  shell("mkdir by_tar && tar -C by_tar --zstd -xf a.tar.zst && cmp notes/sparse by_tar/sparse");
}

TEST_F(Archive, HoldsCheckedCopiesOfDatabasesAndNothingOfTheirLogs) {
  const auto database = open_database("notes.sqlite");  // by its first bytes, not by its name
  value_or_throw(database.write([](db::WriteTransaction& transaction) {
    value_or_throw(transaction.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)"));
    return transaction.execute("INSERT INTO notes (body) VALUES ('one'), ('two')");
  }));
  database.migrate(std::vector<db::Migration>{{.version = 3, .name = "more", .sql = "CREATE TABLE more (a)"}});
  put(folder_ / "some-wal", "not of a database");
  ASSERT_TRUE(std::filesystem::exists(folder_ / "notes.sqlite-wal"));
  ASSERT_TRUE(make());
  const auto listing = list(archive_);
  ASSERT_TRUE(listing) << listing.error().to_string();
  EXPECT_THAT(paths_of(*listing), ::testing::UnorderedElementsAre("notes.sqlite", "some-wal"));
  for (const Entry& entry : listing->entries) {
    if (entry.path == "notes.sqlite") {
      ASSERT_TRUE(entry.database);
      EXPECT_EQ(entry.database->schema_version, 3);
      EXPECT_THAT(entry.database->rows, ElementsAre(Pair("more", 0), Pair("notes", 2)));
    }
  }
  ASSERT_TRUE(verify(archive_, {}, with_));
  ASSERT_TRUE(restore(archive_, target_, {}, with_));
  EXPECT_EQ(db::check_file(target_ / "notes.sqlite").rows.at("notes"), 2);
  value_or_throw(database.write([](db::WriteTransaction& transaction) {
    return transaction.execute("INSERT INTO notes (body) VALUES ('and it still works')");
  }));
}

TEST_F(Archive, LeavesOutWhatIsNoPartOfTheService) {
  put(folder_ / "kept", "x");
  put(folder_ / "backups" / "old.tar.zst", "x");
  put(folder_ / "sub" / "backups" / "kept", "a folder of that name elsewhere is nobody's backups");
  put(folder_ / "a.log", "x");
  put(folder_ / "cache" / "deep" / "x", "x");
  put(folder_ / FolderLock::kFileName, "1\n");
  std::filesystem::create_symlink("/etc/passwd", folder_ / "link");
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  (folder_ / "socket").string().copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  const auto made = make({.exclude = {"*.log", "cache/*"}});
  ::close(socket);
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_THAT(paths_of(*list(archive_)), ElementsAre("kept", "cache", "sub", "sub/backups", "sub/backups/kept"));
  EXPECT_TRUE(log_.contains("path=fifo is=\"a FIFO\"")) << log_.text();
  EXPECT_TRUE(log_.contains("path=socket is=\"a socket\""));
  EXPECT_THAT(made->problems, ElementsAre(Field(&Problem::path, "link")));
}

TEST_F(Archive, KeepsLinksThatStayInsideWhereBothSidesWantThem) {
  put(folder_ / "a" / "file", "x");
  std::filesystem::create_symlink("../a/file", folder_ / "a" / "inside");
  std::filesystem::create_symlink("../../etc", folder_ / "a" / "outside");
  const auto made = make({.links = true});
  ASSERT_TRUE(made);
  EXPECT_THAT(made->problems, ElementsAre(Field(&Problem::path, "a/outside")));
  const auto refused = restore(archive_, target_, {}, with_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("a/inside is a symbolic link"));
  EXPECT_FALSE(std::filesystem::exists(target_));
  ASSERT_TRUE(restore(archive_, target_, {.links = true}, with_));
  EXPECT_EQ(bytes_of(target_ / "a" / "inside"), "x");
}

TEST_F(Archive, TellsOfFilesThatChangeOrVanishWhileTheyAreRead) {
  put(folder_ / "a shrinks", noise(4'000'000, 1));
  put(folder_ / "b grows", noise(4'000'000, 2));
  put(folder_ / "c vanishes", "x");
  const auto act = [&](const Progress& progress) {
    if (progress.bytes == 1U << 20U) {
      std::filesystem::resize_file(folder_ / "a shrinks", 3'000'000);
      std::filesystem::remove(folder_ / "c vanishes");
    } else if (progress.bytes > 6'000'000 && progress.bytes < 7'100'000) {
      std::ofstream(folder_ / "b grows", std::ios::app) << "more";
    }
  };
  const auto made = make({.on_progress = act});
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_THAT(made->problems,
              ElementsAre(Field(&Problem::what, HasSubstr("shorter while it was read: 1000000 bytes of it are zeros")),
                          Field(&Problem::what, HasSubstr("changed")), Field(&Problem::what, HasSubstr("vanished"))));
  const auto verified = verify(archive_, {}, with_);
  ASSERT_TRUE(verified) << verified.error().to_string();
  EXPECT_EQ(verified->manifest->problems.size(), 3) << "the archive says so, too";
  ASSERT_TRUE(restore(archive_, target_, {}, with_));
  EXPECT_EQ(std::filesystem::file_size(target_ / "a shrinks"), 4'000'000);
}

TEST_F(Archive, GoesIntoAPipe) {
  put(folder_ / "large", noise(2'000'000, 5));
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  std::thread reader([&] {
    std::ofstream out(archive_, std::ios::binary);
    std::string buffer(65536, '\0');
    for (ssize_t count = 0; (count = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
      out.write(buffer.data(), count);
    }
  });
  const auto made = create(folder_, ends[1], {.scratch = root_.path()}, with_);
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  ASSERT_TRUE(made);
  const auto verified = verify(archive_, {}, with_);
  ASSERT_TRUE(verified) << verified.error().to_string();
  EXPECT_EQ(verified->sha256, made->sha256);
}

TEST_F(Archive, IsMadeOnceAndWhole) {
  put(folder_ / "file", "x");
  put(archive_, "what is there");
  const auto refused = make();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::already_exists);
  EXPECT_EQ(bytes_of(archive_), "what is there");
  std::filesystem::remove(archive_);
  EXPECT_THROW((void)make({.on_progress = [](const Progress&) { throw std::runtime_error("stop"); }}),
               std::runtime_error);
  EXPECT_THAT(beside(), ElementsAre("notes"));
  const auto missing = create(root_ / "none", archive_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::not_found);
}

TEST_F(Archive, RefusesToBeMadeOfWhatItWouldRefuseToRestore) {
  put(folder_ / "a" / "Twin", "x");
  put(folder_ / "a" / "twin", "y");
  const auto twins = make();
  ASSERT_FALSE(twins);
  EXPECT_THAT(twins.error().message(), HasSubstr("a/twin"));
  ASSERT_TRUE(make({.limits = {.case_twins = true}}));
  EXPECT_FALSE(restore(archive_, target_, {}, with_));
  EXPECT_TRUE(restore(archive_, target_, {.limits = {.case_twins = true}}, with_));
  std::filesystem::remove(archive_);
  std::filesystem::remove(folder_ / "a" / "Twin");
  EXPECT_EQ(make({.limits = {.max_bytes = 0}}).error().code(), Code::resource_exhausted);
  EXPECT_EQ(make({.limits = {.max_entries = 1}}).error().code(), Code::resource_exhausted);
  EXPECT_EQ(make({.limits = {.max_depth = 1}}).error().code(), Code::invalid_argument);
}

TEST_F(Archive, GivesSingleFiles) {
  put(folder_ / "certs" / "key.pem", "secret", 0640);
  ASSERT_TRUE(make());
  const auto entry = extract(archive_, "certs/key.pem", root_ / "key");
  ASSERT_TRUE(entry) << entry.error().to_string();
  EXPECT_EQ(entry->mode, 0640);
  EXPECT_EQ(bytes_of(root_ / "key"), "secret");
  EXPECT_EQ(extract(archive_, "certs/key.pem", root_ / "key").error().code(), Code::already_exists);
  EXPECT_EQ(extract(archive_, "certs", root_ / "other").error().code(), Code::not_found);
  EXPECT_FALSE(std::filesystem::exists(root_ / "other"));
}

TEST_F(Archive, SaysWhereItComesFrom) {
  put(folder_ / "file", "x");
  ASSERT_TRUE(create(folder_, archive_, {.service = "notes", .binary_version = "1.2.3"}, with_));
  const auto listing = list(archive_);
  ASSERT_TRUE(listing && listing->manifest);
  EXPECT_EQ(listing->manifest->service, "notes");
  EXPECT_EQ(listing->manifest->binary_version, "1.2.3");
  EXPECT_EQ(listing->manifest->folder, std::filesystem::canonical(folder_));
  EXPECT_EQ(listing->manifest->created_at, clock_.now());
  EXPECT_EQ(default_path("/srv/notes", "notes", clock_.now()), "/srv/notes/backups/notes-20260101T000000Z.tar.zst");
}

TEST_F(Archive, OfPlainTarRestoresWithAWarning) {
  {
    const auto database = open_database("notes.db");
    value_or_throw(database.write([](db::WriteTransaction& transaction) {
      value_or_throw(transaction.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY)"));
      return transaction.execute("INSERT INTO notes VALUES (1), (2), (3)");
    }));
    ASSERT_GT(std::filesystem::file_size(folder_ / "notes.db-wal"), 0);
    put(folder_ / "gone.db-wal", "of a database that is no more");
    put(folder_ / "a" / std::string(200, 'n'), "x", 0664);
    shell("tar -C notes --zstd -cf a.tar.zst .");
  }
  const auto refused = verify(archive_, {}, with_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::failed_precondition) << "nothing proves it";
  const auto restored = restore(archive_, target_, {}, with_);
  ASSERT_TRUE(restored) << restored.error().to_string();
  EXPECT_THAT(restored->report.warnings, ElementsAre(HasSubstr("no manifest")));
  std::vector<std::string> names;
  for (const auto& [path, entry] : tree_of(target_)) {
    names.push_back(path);
  }
  EXPECT_THAT(names, ElementsAre("a", "a/" + std::string(200, 'n'), "notes.db")) << "no log waits for a database";
  EXPECT_EQ(db::check_file(target_ / "notes.db").rows.at("notes"), 3) << "what was in the log is in the database";
}

TEST_F(Archive, TakesThePlaceOfAFolderInOneStep) {
  put(folder_ / "file", "new");
  ASSERT_TRUE(make());
  put(target_ / "file", "old");
  put(target_ / "only old", "x");
  put(target_ / "backups" / "b", "backup");
  const auto restored = restore(archive_, target_, {}, with_);
  ASSERT_TRUE(restored) << restored.error().to_string();
  EXPECT_EQ(restored->old_folder, target_.string() + ".before-20260101T000000Z");
  EXPECT_EQ(bytes_of(target_ / "file"), "new");
  EXPECT_FALSE(std::filesystem::exists(target_ / "only old"));
  EXPECT_EQ(bytes_of(target_ / "backups" / "b"), "backup") << "backups are not what a restore is about";
  EXPECT_EQ(bytes_of(restored->old_folder / "file"), "old");
  EXPECT_FALSE(std::filesystem::exists(restored->old_folder / FolderLock::kFileName));
  const auto again = restore(archive_, target_, {.discard_old = true}, with_);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->old_folder.empty());
  EXPECT_EQ(bytes_of(target_ / "backups" / "b"), "backup");
  EXPECT_THAT(beside(), ElementsAre("a.tar.zst", "notes", "restored", "restored.before-20260101T000000Z"));
}

TEST_F(Archive, DoesNotTakeThePlaceOfARunningService) {
  put(folder_ / "file", "new");
  ASSERT_TRUE(make());
  put(target_ / "file", "old");
  const auto lock = FolderLock::acquire(target_);
  const Tree before = tree_of(target_);
  const auto refused = restore(archive_, target_, {}, with_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::failed_precondition);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("process " + std::to_string(::getpid())));
  EXPECT_EQ(tree_of(target_), before);
}

TEST_F(Archive, GivesNobodyMoreThanTheMaskLets) {
  put(folder_ / "open", "x", 0777);
  std::filesystem::create_directory(folder_ / "folder");
  ::chmod((folder_ / "folder").c_str(), 0777);
  ASSERT_TRUE(make());
  ASSERT_TRUE(restore(archive_, target_, {.mode_mask = 0077}, with_));
  const Tree tree = tree_of(target_);
  EXPECT_EQ(std::get<0>(tree.at("open")), S_IFREG | 0700U);
  EXPECT_EQ(std::get<0>(tree.at("folder")), S_IFDIR | 0700U);
}

TEST_F(Archive, OfADatabaseWithBrokenKeysSaysSo) {
  {
    const auto database = open_database("notes.db");
    value_or_throw(database.write([](db::WriteTransaction& transaction) {
      value_or_throw(transaction.execute("CREATE TABLE parents (id INTEGER PRIMARY KEY)"));
      return transaction.execute("CREATE TABLE notes (parent REFERENCES parents)");
    }));
  }
  shell("sqlite3 notes/notes.db 'INSERT INTO notes VALUES (7)'");
  const auto made = make();
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_THAT(made->problems, ElementsAre(Field(&Problem::what, HasSubstr("foreign keys"))));
  const auto verified = verify(archive_, {}, with_);
  ASSERT_TRUE(verified) << verified.error().to_string();
  EXPECT_THAT(verified->warnings, ElementsAre(HasSubstr("notes.db: a foreign key is broken")));
}

}  // namespace
}  // namespace mcdsl::archive
