#include "mcdsl/service/run.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
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

#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "mcdsl/base/folder_lock.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/db/database.h"
#include "mcdsl/http/router.h"
#include "mcdsl/httpserver/server.h"
#include "mcdsl/net/server.h"
#include "mcdsl/service/internal/signals.h"
#include "mcdsl/service/run_for_test.h"
#include "mcdsl/testing/http_client.h"

namespace mcdsl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::NotesConfig;
using testing::Outcome;
using testing::RunTest;

TEST_F(RunTest, PrintsItsVersion) {
  const Outcome outcome = run({"version"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "notes 1.2.3\n");
}

TEST_F(RunTest, ExplainsItselfAndRefusesWhatItDoesNotKnow) {
  EXPECT_EQ(run({"--help"}).code, 0);
  EXPECT_THAT(run({"--help"}).out, HasSubstr("snapshot"));
  EXPECT_EQ(run({}).code, 64);
  EXPECT_EQ(run({"dance"}).code, 64);
  EXPECT_EQ(run({"config"}).code, 64);
}

TEST_F(RunTest, CompletesAndDocumentsItsCommandsAndThoseOfTheService) {
  const Program<NotesConfig> program{.name = "notes",
                                     .commands = {{.name = "tag", .about = "put labels on notes", .run = {}}}};
  const auto text = [&](std::vector<std::string> words) {
    const Outcome outcome = run_with(std::move(words), [](Service&) {}, program);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.out;
  };
  EXPECT_THAT(text({"completion", "bash"}),
              HasSubstr("' 0') words='server init status snapshot config archive restore doctor routes tag"));
  EXPECT_THAT(text({"completion", "fish"}), HasSubstr("put labels on notes"));
  EXPECT_THAT(text({"man"}), HasSubstr("notes config show [\\-\\-origin]"));
  EXPECT_EQ(run({"completion", "tcsh"}).code, 64);
}

TEST_F(RunTest, ListsEveryFindingOfABadConfigurationAndExitsWith78) {
  const std::string file = folder_.write("notes.toml", "max_notes = 9000\n[sever]\nx = 1\n").string();
  for (const std::vector<std::string>& command : {std::vector<std::string>{"config", "check"}, {"server"}}) {
    std::vector<std::string> words = command;
    words.insert(words.end(), {"--config", file});
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 78);
    EXPECT_THAT(outcome.err, HasSubstr("max_notes"));
    EXPECT_THAT(outcome.err, HasSubstr("sever"));
    EXPECT_THAT(outcome.err, HasSubstr("notes.toml:1:"));
  }
}

TEST_F(RunTest, ShowsWhatIsInForceAndWhereItCameFrom) {
  const std::string file = configure();
  EXPECT_EQ(run({"config", "check", "--config", file}).code, 0);
  const Outcome shown = run({"config", "show", "--origin", "--config", file});
  EXPECT_EQ(shown.code, 0);
  EXPECT_THAT(shown.out, HasSubstr("max_notes = 7"));
  EXPECT_THAT(shown.out, HasSubstr("notes.toml:1:"));
  EXPECT_THAT(run({"config", "example"}).out, HasSubstr("Notes an account may keep."));
}

TEST_F(RunTest, DoctorListsWhatIsWrongWithTheInstallation) {
  const std::string file = configure("[database]\npath = \"" + (folder_ / "notes.db").string() + "\"\n");
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  const Outcome well = run({"doctor", "--config", file});
  EXPECT_EQ(well.code, 0) << well.out;
  EXPECT_EQ(well.out, "nothing was found wrong\n");
  std::filesystem::permissions(file, std::filesystem::perms::all);
  const Outcome found = run({"doctor", "--config", file});
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.out, HasSubstr("error files: " + file));
  EXPECT_THAT(run({"doctor", "--json", "--config", file}).out, HasSubstr(R"([{"severity":"error","check":"files")"));
  const std::string bad = folder_.write("bad.toml", "max_notes = 9000\n").string();
  EXPECT_THAT(run({"doctor", "--config", bad}).out, HasSubstr("max_notes"));
}

TEST_F(RunTest, ArchivesItsFolderAndRestoresIt) {
  const std::string file = (folder_ / "srv/notes.toml").string();
  folder_.write("srv/notes.toml", "max_notes = 3\n");
  const Outcome made = run({"archive", "create", "--config", file});
  ASSERT_EQ(made.code, 0) << made.err;
  const std::string archive = made.out.substr(0, made.out.find(": "));
  folder_.write("srv/notes.toml", "max_notes = 4\n");
  const Outcome restored = run({"restore", archive, "--config", file});
  ASSERT_EQ(restored.code, 0) << restored.err;
  EXPECT_EQ(read_file(file).value(), "max_notes = 3\n");
}

TEST_F(RunTest, DoesNotRestoreAFolderThatAnInstanceHolds) {
  const std::string file = (folder_ / "srv/notes.toml").string();
  folder_.write("srv/notes.toml", "max_notes = 3\n");
  const Outcome made = run({"archive", "create", "--config", file});
  ASSERT_EQ(made.code, 0) << made.err;
  const std::string archive = made.out.substr(0, made.out.find(": "));
  const auto instance = FolderLock::acquire(folder_ / "srv", FolderLock::Use::shared);
  ASSERT_TRUE(instance);
  const Outcome refused = run({"restore", archive, "--config", file});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("the service is running"));
}

TEST_F(RunTest, MakesTheFolderAndLeavesWhatIsThere) {
  const auto file = folder_ / "srv/notes.toml";
  EXPECT_EQ(run({"init", "--config", file.string()}).code, 0);
  EXPECT_TRUE(std::filesystem::is_directory(folder_ / "srv/certs"));
  EXPECT_TRUE(std::filesystem::is_directory(folder_ / "srv/backups"));
  EXPECT_THAT(read_file(file).value(), HasSubstr("max_notes"));
  write_file_atomically(file, "max_notes = 3\n");
  EXPECT_EQ(run({"init", "--config", file.string()}).code, 0);
  EXPECT_EQ(read_file(file).value(), "max_notes = 3\n");
}

TEST_F(RunTest, TakesAVerifiedSnapshotAndPrintsItsPath) {
  const std::string path = (folder_ / "notes.db").string();
  const auto database = db::Database::open({.path = path});
  ASSERT_TRUE(database
                  .write([](db::WriteTransaction& transaction) {
                    return transaction.execute("CREATE TABLE notes (slug TEXT)");
                  })
                  .has_value());
  const std::string file = configure("[database]\npath = \"" + path + "\"\n");
  const Outcome outcome = run({"snapshot", "--config", file});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::filesystem::path copy = outcome.out.substr(0, outcome.out.find('\n'));
  EXPECT_EQ(copy.parent_path(), folder_ / "backups");
  const auto restored = db::Database::open({.path = copy});
  EXPECT_TRUE(restored.read([](db::ReadTransaction& transaction) {
    return transaction.query_one<std::int64_t>("SELECT 1 FROM sqlite_schema WHERE name = 'notes'").has_value();
  }));
  EXPECT_EQ(run({"snapshot", copy.string(), "--config", file}).code, 1) << "it must not write over a file";
}

TEST_F(RunTest, SaysInOneLineWhatIsWrongAndExitsWith1) {
  const Outcome outcome = run_with({"server", "--config", configure()},
                                   [](Service&) { throw Exception(Code::data_loss, "the disk has melted"); });
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("notes: the disk has melted\n"));
}

TEST_F(RunTest, NamesTheAddressThatIsTaken) {
  const http::Router application;
  net::Server other(application, {});
  const net::Address taken = other.listen({.host = "127.0.0.1", .port = 0}, nullptr);
  const std::string file =
      folder_.write("notes.toml", "[server]\ntls = \"off\"\nlisten_addr = \"" + taken.to_string() + "\"\n").string();
  const Outcome outcome = run({"server", "--config", file});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("notes: listen on " + taken.to_string() + ": "));
}

TEST_F(RunTest, StatusFailsWhereNothingListens) {
  const Outcome outcome = run({"status", "--config", configure()});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("no answer from http://localhost/v1/health"));
}

TEST_F(RunTest, StatusSpeaksAsAProxyWhereTheServiceTakesItForOne) {
  const std::string keys = "tls = \"proxy\"\ntrusted_proxies = [\"127.0.0.1\"]\nproxy_protocol = true\n";
  http::Router router;
  router.get("/v1/health", [](const http::Request& request) { return http::text(request.peer().address); });
  const config::Server config{.listen_addr = "127.0.0.1:0",
                              .tls = config::Tls::proxy,
                              .trusted_proxies = {"127.0.0.1"},
                              .proxy_protocol = true};
  httpserver::Server server(config, router);
  server.start();
  const std::string file =
      folder_.write("notes.toml", "[server]\n" + keys + "listen_addr = \"" + server.address().to_string() + "\"\n")
          .string();
  const Outcome outcome = run({"status", "--config", file});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "127.0.0.1\n");
}

TEST_F(RunTest, ServesUntilSigtermAndDrains) {
  internal::block_signals();  // in this thread, as in those it starts
  const std::string file = configure("drain_delay = \"0s\"\n");
  std::thread service([&] {
    std::vector<std::string> words{"notes", "server", "--config", file};
    std::vector<char*> argv{words[0].data(), words[1].data(), words[2].data(), words[3].data()};
    const int code =
        mcdsl::run<NotesConfig>({.name = "notes"}, 4, argv.data(), [](Service& running, const NotesConfig& config) {
          EXPECT_EQ(config.max_notes, 7);
          running.serve();
        });
    EXPECT_EQ(code, 0);
  });
  EXPECT_TRUE(becomes_ready(file)) << "the service never became ready";
  ::kill(::getpid(), SIGHUP);
  EXPECT_TRUE(becomes_ready(file)) << "SIGHUP must not end it";
  ::kill(::getpid(), SIGTERM);
  service.join();
  EXPECT_FALSE(std::filesystem::exists(socket_)) << "the socket file goes with the listener";
}

TEST_F(RunTest, ServesTheSameAtTheListenerOfThePages) {
  internal::block_signals();
  const std::filesystem::path pages = folder_ / "web.sock";
  const std::string file = configure("[web]\nlisten_addr = \"unix:" + pages.string() + "\"\n");
  std::thread service([&] {
    std::vector<std::string> words{"notes", "server", "--config", file};
    std::vector<char*> argv{words[0].data(), words[1].data(), words[2].data(), words[3].data()};
    EXPECT_EQ(mcdsl::run<NotesConfig>({.name = "notes"}, 4, argv.data(),
                                      [](Service& running) {
                                        running.router().get("/", [] { return http::text("a page"); });
                                        running.serve();
                                      }),
              0);
  });
  EXPECT_TRUE(becomes_ready(file));
  for (const std::filesystem::path& address : {pages, socket_}) {
    testing::HttpClient client(address.string());
    const auto page = client.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(page ? page->body : "no answer", "a page") << address;
  }
  ::kill(::getpid(), SIGTERM);
  service.join();
}

TEST_F(RunTest, ServesMetricsAndHealthToTheOperator) {
  internal::block_signals();
  const std::filesystem::path admin = folder_ / "admin.sock";
  const std::string file = configure("admin_addr = \"unix:" + admin.string() + "\"\n");
  std::thread service([&] {
    std::vector<std::string> words{"notes", "server", "--config", file};
    std::vector<char*> argv{words[0].data(), words[1].data(), words[2].data(), words[3].data()};
    EXPECT_EQ(mcdsl::run<NotesConfig>({.name = "notes", .version = "1.2.3"}, 4, argv.data(),
                                      [](Service& running) {
                                        running.metrics().counter("notes_stored_total", "Notes.").add(5);
                                        running.serve();
                                      }),
              0);
  });
  EXPECT_TRUE(becomes_ready(file));
  {
    testing::HttpClient client(admin.string());
    const auto ready = client.exchange("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(ready ? ready->status : 0, 200);
    const auto page = client.exchange("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string text = page ? page->body : "no answer";
    EXPECT_THAT(text, HasSubstr("service_build_info{service=\"notes\",version=\"1.2.3\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("\nnotes_stored_total 5\n"));
    EXPECT_THAT(text, HasSubstr("\nprocess_resident_memory_bytes "));
    EXPECT_THAT(text, HasSubstr("\nserver_connections_accepted_total "));
    EXPECT_THAT(text, HasSubstr("http_requests_total{code=\"200\",method=\"GET\",route=\"/v1/health\"} "));
    EXPECT_THAT(text, Not(HasSubstr("route=\"/metrics\""))) << "the operator's own requests are not the service's";
  }
  {
    testing::HttpClient client(socket_.string());
    const auto page = client.exchange("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(page ? page->status : 0, 404) << "not for the public";
  }
  ::kill(::getpid(), SIGTERM);
  service.join();
  EXPECT_FALSE(std::filesystem::exists(admin));
}

// A service manager that listens to one service.
class Manager {
 public:
  explicit Manager(const std::filesystem::path& path) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.string().copy(name.sun_path, sizeof name.sun_path - 1);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~Manager() { ::unsetenv("NOTIFY_SOCKET"); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // The next message, those of the watchdog aside.
  [[nodiscard]] std::string next() {
    for (;;) {
      std::array<char, 1024> text{};
      const auto count = ::recv(socket_.get(), text.data(), text.size(), 0);
      std::string message(text.data(), static_cast<std::size_t>(std::max<ssize_t>(0, count)));
      if (message != "WATCHDOG=1") {
        return message;
      }
      ++pings_;
    }
  }
  [[nodiscard]] int pings() const { return pings_; }

 private:
  UniqueFd socket_;
  int pings_ = 0;
};

TEST_F(RunTest, TellsTheManagerAndTakesANewLogLevelOnSighup) {
  internal::block_signals();
  Manager manager(folder_ / "notify");
  ::setenv("WATCHDOG_USEC", "2000", 1);
  const std::string file = configure("[log]\nlevel = \"error\"\n");
  std::vector<bool> debug;
  int code = -1;
  std::thread service([&] {
    std::vector<std::string> words{"notes", "server", "--config", file};
    std::vector<char*> argv{words[0].data(), words[1].data(), words[2].data(), words[3].data()};
    code = mcdsl::run<NotesConfig>({.name = "notes"}, 4, argv.data(), [&](Service& running) {
      running.on_reload([&] { debug.push_back(running.logger().enabled(log::Level::debug)); });
      running.on_reload([] { throw Exception(Code::internal, "the others go on"); });
      running.serve();
    });
  });
  const auto reload = [&] {
    ::kill(::getpid(), SIGHUP);
    EXPECT_THAT(manager.next(), ::testing::StartsWith("RELOADING=1\nMONOTONIC_USEC="));
    EXPECT_THAT(manager.next(), ::testing::StartsWith("READY=1\n"));
  };
  EXPECT_EQ(manager.next(), "READY=1\nSTATUS=serving unix:" + socket_.string());
  configure("[log]\nlevel = \"debug\"\n");
  reload();
  configure("[log]\nlevel = \"loud\"\n");
  reload();
  EXPECT_THAT(debug, ::testing::ElementsAre(true, true)) << "a configuration that is wrong changes nothing";
  while (manager.pings() < 3) {
    reload();
  }
  ::kill(::getpid(), SIGTERM);
  EXPECT_EQ(manager.next(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=6000000");
  service.join();
  ::unsetenv("WATCHDOG_USEC");
  EXPECT_EQ(code, 0);
}

TEST_F(RunTest, RefusesASocketThatNothingIsServedAt) {
  internal::block_signals();
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  ::setenv("LISTEN_FDS", "1", 1);
  ::setenv("LISTEN_FDNAMES", "secret", 1);
  const int saved = ::fcntl(3, F_DUPFD_CLOEXEC, 10);  // whatever is there is not ours
  EXPECT_EQ(::dup2(STDERR_FILENO, 3), 3);
  const Outcome outcome = run({"server", "--config", configure()});
  if (saved >= 0) {
    ::dup2(saved, 3);
    ::close(saved);
  }
  ::unsetenv("LISTEN_PID");
  ::unsetenv("LISTEN_FDS");
  ::unsetenv("LISTEN_FDNAMES");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("nothing is served at a socket named \"secret\""));
}

}  // namespace
}  // namespace mcdsl
