#include "mcdsl/db/database.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "mcdsl/db/database_for_test.h"

namespace mcdsl::db {
namespace {

using namespace std::chrono_literals;
using mcdsl::testing::TempDir;
using ::testing::HasSubstr;
using testing::HeldWriter;
using testing::Scratch;
using testing::thrown_by;

// The value of a pragma as a connection of each kind sees it.
struct Seen {
  std::string by_reader;
  std::string by_writer;

  bool operator==(const Seen&) const = default;
};

Seen pragma(const Database& database, const std::string& name) {
  const auto ask = [&](auto& transaction) {
    return *transaction.template query_one<std::string>("SELECT CAST(" + name + " AS TEXT) FROM pragma_" + name);
  };
  return {.by_reader = database.read([&](ReadTransaction& transaction) { return ask(transaction); }),
          .by_writer = database.write([&](WriteTransaction& transaction) { return ask(transaction); }).value()};
}

Seen both(const std::string& value) {
  return {.by_reader = value, .by_writer = value};
}

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777U;
}

// Sets the umask for as long as it lives.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  ~Umask() { ::umask(before_); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  mode_t before_;
};

TEST(Database, HasItsPragmasInForceOnEveryConnection) {
  const Scratch scratch({.synchronous = config::Synchronous::full, .cache_kib = 777});
  EXPECT_EQ(pragma(scratch.database, "journal_mode"), both("wal"));
  EXPECT_EQ(pragma(scratch.database, "foreign_keys"), both("1"));
  EXPECT_EQ(pragma(scratch.database, "synchronous"), both("2"));
  EXPECT_EQ(pragma(scratch.database, "cache_size"), both("-777"));
  EXPECT_EQ(pragma(scratch.database, "trusted_schema"), both("0"));
  EXPECT_EQ(pragma(scratch.database, "query_only"), (Seen{.by_reader = "1", .by_writer = "0"}));
}

TEST(Database, IsSynchronousNormalUnlessAskedOtherwise) {
  const Scratch scratch;
  EXPECT_EQ(pragma(scratch.database, "synchronous"), both("1"));
}

TEST(Database, SaysInOneLineWhatIsInForce) {
  const Scratch scratch({.readers = 3});
  const std::string text = scratch.log.text();
  EXPECT_EQ(std::ranges::count(text, '\n'), 1);
  EXPECT_THAT(text, HasSubstr("path=" + scratch.settings.path.string()));
  EXPECT_THAT(text, HasSubstr("journal_mode=wal synchronous=normal busy_timeout=5 readers=3"));
}

class Name : public ::testing::TestWithParam<const char*> {};

TEST_P(Name, IsTakenLiterally) {
  const TempDir folder;
  const std::filesystem::path path = folder / GetParam();
  value_or_throw(Database::open({.path = path}).write([](WriteTransaction& transaction) {
    return transaction.execute("CREATE TABLE here (x)");
  }));
  EXPECT_EQ(mode_of(path), 0600);
  const auto entries = std::filesystem::directory_iterator(folder.path());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
  EXPECT_EQ(Database::open({.path = path}).read([](ReadTransaction& transaction) {
    return transaction.query_one<std::string>("SELECT name FROM sqlite_schema");
  }),
            "here");
}

INSTANTIATE_TEST_SUITE_P(Names, Name,
                         ::testing::Values("with space.db", "100%.db", "%41.db", "what?mode=memory", "a#b.db",
                                           "größe.db", "笔记.db", ":memory:", "file:x", "file:x?mode=ro", "quo'te\".db",
                                           "-dash", "new\nline.db", "no-extension"));

TEST(Database, TakesARelativeNameLiterally) {
  const TempDir folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  for (const char* name : {":memory:", "file:x", "plain.db"}) {
    (void)Database::open({.path = name});
    EXPECT_TRUE(std::filesystem::exists(folder / name)) << name;
  }
  std::filesystem::current_path(before);
}

TEST(Database, IsPrivateWhateverTheUmask) {
  const Umask open_to_all(0);
  const Scratch scratch;
  scratch.run("CREATE TABLE notes (x)");
  for (const char* suffix : {"", "-wal", "-shm"}) {
    EXPECT_EQ(mode_of(scratch.settings.path.string() + suffix), 0600) << suffix;
  }
}

TEST(Database, NarrowsFilesThatWereOpenToOthers) {
  const Umask open_to_all(0);
  Scratch scratch;
  scratch.run("CREATE TABLE notes (x)");
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::permissions(scratch.settings.path.string() + suffix, std::filesystem::perms(0666));
  }
  const Database again = scratch.open();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    EXPECT_EQ(mode_of(scratch.settings.path.string() + suffix), 0600) << suffix;
  }
  EXPECT_FALSE(scratch.log.contains("level=warn"));
}

TEST(Database, IsPrivateBehindALinkToAFileThatIsNotThereYet) {
  const Umask open_to_all(0);
  const TempDir folder;
  std::filesystem::create_symlink(folder / "real.db", folder / "link.db");
  (void)Database::open({.path = folder / "link.db"});
  EXPECT_EQ(mode_of(folder / "real.db"), 0600);
}

TEST(Database, LeavesOneFileWhenItIsClosed) {
  const TempDir folder;
  {
    const Database database = Database::open({.path = folder / "notes.db"});
    value_or_throw(
        database.write([](WriteTransaction& transaction) { return transaction.execute("CREATE TABLE notes (x)"); }));
  }
  EXPECT_TRUE(std::filesystem::exists(folder / "notes.db"));
  EXPECT_FALSE(std::filesystem::exists(folder / "notes.db-wal"));
  EXPECT_FALSE(std::filesystem::exists(folder / "notes.db-shm"));
}

TEST(Database, NamesTheFileThatDoesNotOpen) {
  const TempDir folder;
  const auto error_of = [&](const std::filesystem::path& path) {
    return thrown_by([&] { (void)Database::open({.path = path}); });
  };
  EXPECT_EQ(error_of("").code(), Code::invalid_argument);
  EXPECT_THAT(error_of(folder / "missing" / "notes.db").message(), HasSubstr("missing/notes.db"));
  EXPECT_THAT(error_of(folder.path()).message(), HasSubstr(folder.path().string()));
  const auto text = folder.write(
      "text.db", "This is no database, but it is long enough to be taken for one. " + std::string(4096, 'x'));
  EXPECT_EQ(error_of(text).code(), Code::data_loss);
  EXPECT_THAT(error_of(text).message(), HasSubstr("text.db"));
}

TEST(Database, ShowsAReaderOneSnapshotWhileWritesGoOn) {
  const Scratch scratch;
  scratch.run("CREATE TABLE notes (x)");
  scratch.database.read([&](ReadTransaction& transaction) {
    EXPECT_EQ(transaction.query_one<int>("SELECT count(*) FROM notes"), 0);
    std::jthread([&] { scratch.run("INSERT INTO notes VALUES (1)"); }).join();
    EXPECT_EQ(transaction.query_one<int>("SELECT count(*) FROM notes"), 0);
  });
  EXPECT_EQ(scratch.get("SELECT count(*) FROM notes"), 1);
}

TEST(Database, AnswersReadersWhileAWriterIsAtWork) {
  const Scratch scratch;
  scratch.run("CREATE TABLE notes (x)");
  value_or_throw(scratch.database.write([&](WriteTransaction& transaction) {
    value_or_throw(transaction.execute("INSERT INTO notes VALUES (1)"));
    std::jthread([&] { EXPECT_EQ(scratch.get("SELECT count(*) FROM notes"), 0); }).join();
  }));
  EXPECT_EQ(scratch.get("SELECT count(*) FROM notes"), 1);
}

TEST(Database, ServesMoreReadingThreadsThanItHasReaders) {
  const Scratch scratch({.readers = 2});
  scratch.run("CREATE TABLE pair (a INTEGER, b INTEGER)");
  scratch.run("INSERT INTO pair VALUES (0, 0)");
  std::atomic<int> torn = 0;
  {
    std::jthread writer([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        scratch.run("UPDATE pair SET a = a + 1");
        scratch.run("UPDATE pair SET b = a");
      }
    });
    std::vector<std::jthread> readers;
    for (int i = 0; i < 16; ++i) {
      readers.emplace_back([&] {
        for (int j = 0; j < 100; ++j) {
          scratch.database.read([&](ReadTransaction& transaction) {
            const auto a = transaction.query_one<int>("SELECT a FROM pair");
            const auto again = transaction.query_one<int>("SELECT a FROM pair");
            torn += a == again ? 0 : 1;
          });
        }
      });
    }
  }
  EXPECT_EQ(torn, 0);
}

TEST(Database, LendsAReaderAgainAfterAJobThatThrew) {
  const Scratch scratch({.readers = 1});
  for (int i = 0; i < 3; ++i) {
    EXPECT_THROW(scratch.database.read([](ReadTransaction& /*transaction*/) { throw std::runtime_error("no"); }),
                 std::runtime_error);
  }
  EXPECT_EQ(scratch.get("SELECT 1"), 1);
}

TEST(Database, LogsAReadThatTookLongWithItsPlaceInTheProgram) {
  Scratch scratch({.slow_job = 2s});
  const auto read_for = [&](std::chrono::seconds time) {
    scratch.database.read([&](ReadTransaction& /*transaction*/) { scratch.clock.advance(time); });
  };
  read_for(1s);
  EXPECT_FALSE(scratch.log.contains("level=warn"));
  read_for(2s);
  EXPECT_THAT(scratch.log.text(), HasSubstr("origin=database_test.cc:"));
  EXPECT_THAT(scratch.log.text(), HasSubstr("for=2"));
}

TEST(Database, TellsWhatItDoes) {
  const Scratch scratch;
  scratch.run("CREATE TABLE notes (x)");
  scratch.run("INSERT INTO notes VALUES (1)");
  scratch.database.read([&](ReadTransaction& /*transaction*/) {
    const Statistics now = scratch.database.statistics();
    EXPECT_EQ(now.writes, 2);
    EXPECT_EQ(now.groups, 2);
    EXPECT_EQ(now.waiting_writes, 0);
    EXPECT_EQ(now.reads_in_progress, 1);
    EXPECT_GT(now.wal_bytes, 0);
  });
  EXPECT_EQ(scratch.database.statistics().reads_in_progress, 0);
}

TEST(Database, BringsItsLogHomeByItself) {
  const Scratch scratch;
  scratch.run("CREATE TABLE notes (x)");
  const auto size = [&] { return std::filesystem::file_size(scratch.settings.path); };
  for (const auto before = size(); size() == before;) {
    scratch.run("INSERT INTO notes VALUES (randomblob(100000))");
  }
  EXPECT_EQ(scratch.get<std::string>("PRAGMA integrity_check"), "ok");
}

TEST(Database, SaysThatItAnswers) {
  const Scratch scratch;
  EXPECT_TRUE(scratch.database.ping());
  EXPECT_EQ(scratch.database.path(), scratch.settings.path);
}

TEST(Database, CanBeMoved) {
  Scratch scratch;
  scratch.run("CREATE TABLE notes (x)");
  Database moved = std::move(scratch.database);
  EXPECT_TRUE(moved.ping());
  const TempDir folder;
  Database other = Database::open({.path = folder / "other.db"});
  other = std::move(moved);
  EXPECT_EQ(other.path(), scratch.settings.path);
  EXPECT_FALSE(std::filesystem::exists(folder / "other.db-wal")) << "the one assigned to is closed";
  scratch.database = std::move(other);
}

TEST(Database, WaitsOnDestructionForJobsInProgress) {
  const TempDir folder;
  auto database = std::make_unique<Database>(Database::open({.path = folder / "notes.db"}));
  const Database& shared = *database;
  HeldWriter held(shared);
  std::binary_semaphore reading{0};
  std::binary_semaphore end{0};
  std::jthread reader([&] {
    shared.read([&](ReadTransaction& transaction) {
      reading.release();
      end.acquire();
      EXPECT_EQ(transaction.query_one<int>("SELECT 1"), 1);
    });
  });
  reading.acquire();
  std::atomic<bool> destroyed = false;
  std::jthread destroyer([&] {
    database.reset();
    destroyed = true;
  });
  EXPECT_FALSE(destroyed);
  held.release();
  EXPECT_FALSE(destroyed);
  end.release();
  destroyer.join();
  EXPECT_FALSE(std::filesystem::exists(folder / "notes.db-wal"));
}

}  // namespace
}  // namespace mcdsl::db
