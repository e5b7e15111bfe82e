#include "mcdsl/http/static_files.h"

#include <array>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/http/static_site_for_test.h"

namespace mcdsl::http {
namespace {

namespace fs = std::filesystem;

std::string etag_of(const Response& response) {
  return std::string(response.headers.get("etag").value_or(""));
}

TEST(StaticFiles, AreSentAsFilesWithTheirType) {
  const StaticSite site;
  const Response response = site.get("docs/page.txt");
  EXPECT_EQ(response.status, 200);
  ASSERT_TRUE(response.file);
  EXPECT_EQ(response.file->length, 4U);
  EXPECT_EQ(bytes_of(response), "page");
  EXPECT_EQ(response.headers.get("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(response.headers.get("x-content-type-options"), "nosniff");
  EXPECT_EQ(response.headers.get("cache-control"), "no-cache");
  EXPECT_EQ(response.headers.get("last-modified"), "Wed, 31 Dec 2025 23:00:00 GMT");
  EXPECT_EQ(response.headers.get("accept-ranges"), "bytes");
}

TEST(StaticFiles, HaveNamesOfAnyUnicodeText) {
  const StaticSite site;
  site.write("größe 100% {a}.txt", "odd");
  EXPECT_EQ(bytes_of(site.get("gr%C3%B6%C3%9Fe%20100%25%20%7Ba%7D.txt")), "odd");
}

TEST(StaticFiles, MayBeEmpty) {
  const Response response = StaticSite().get("empty/file.bin");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.file->length, 0U);
  EXPECT_EQ(response.headers.get("content-type"), "application/octet-stream");
}

TEST(StaticFiles, StandForFoldersByTheirIndex) {
  const StaticSite site;
  EXPECT_EQ(bytes_of(site.get("")), "<p>home");
  EXPECT_EQ(bytes_of(site.get("docs/")), "<p>docs");
  EXPECT_EQ(site.get("docs/").headers.get("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(site.get("empty/").status, 404);
  EXPECT_EQ(site.get("docs/page.txt/").status, 404);
}

TEST(StaticFiles, SendToTheSlashBehindAFolder) {
  const StaticSite site;
  EXPECT_EQ(site.get("docs").status, 301);
  EXPECT_EQ(site.get("docs").headers.get("location"), "./docs/");
  EXPECT_EQ(site.get("empty").status, 404);  // no index: whether it is there is nobody's business
  site.write("a:b c/index.html", "x");
  EXPECT_EQ(site.get("a:b%20c").headers.get("location"), "./a%3Ab%20c/");
}

TEST(StaticFiles, HaveNoFoldersWhereThereIsNoIndex) {
  const StaticSite site({.index = ""});
  for (const std::string_view path : {"", "docs", "docs/"}) {
    EXPECT_EQ(site.get(path).status, 404) << path;
  }
  EXPECT_EQ(site.get("docs/index.html").status, 200);
}

TEST(StaticFiles, AreNotFoundByNamesThatNobodyHas) {
  const StaticSite site;
  EXPECT_EQ(site.get("nothing").status, 404);
  EXPECT_EQ(site.get("nothing/").status, 404);
  EXPECT_EQ(site.get("index.html/x").status, 404);
  EXPECT_EQ(site.get(std::string(256, 'a')).status, 404);
  std::string deep;
  for (int i = 0; i < 3000; ++i) {
    deep += "a/";
  }
  EXPECT_EQ(site.get(deep).status, 404);
  EXPECT_EQ(site.get("nothing").body, R"({"error":"not found"})");
}

TEST(StaticFiles, AnswerReadersOnly) {
  const StaticSite site;
  const Response head = site.get("docs/page.txt", {}, Method::head);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.file->length, 4U);
  Request request;
  request.start(Method::post, "/static/index.html");
  request.set_route("/static/*");
  const Response refused = site.files()(request);
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.headers.get("allow"), "GET, HEAD");
}

TEST(StaticFiles, WorkBelowAnyPrefix) {
  const StaticSite site;
  Router router;
  router.get("/{tenant}/files/*", site.files());
  Request request;
  request.start(Method::get, "/a%2Fb/files/docs/page.txt");
  EXPECT_EQ(bytes_of(router.serve(request)), "page");
  request.start(Method::get, "/a/files/docs%2Fpage.txt");
  EXPECT_EQ(router.serve(request).status, 404);
}

TEST(StaticFiles, BelongOnARouteThatEndsWithAStar) {
  const StaticSite site;
  Request request;
  request.start(Method::get, "/static");
  request.set_route("/static");
  EXPECT_THROW((void)site.files()(request), Exception);
}

TEST(StaticFiles, NeedTheirFolderAtTheStart) {
  const StaticSite site;
  EXPECT_THROW(StaticFiles({.root = site.path("nothing")}), Exception);
  EXPECT_THROW(StaticFiles({.root = site.path("index.html")}), Exception);
}

TEST(StaticFiles, StayThoseOfTheFolderThatWasOpened) {
  const StaticSite site;
  const StaticFiles files = site.files();
  fs::rename(site.root(), site.root().string() + "-moved");
  EXPECT_EQ(bytes_of(StaticSite::ask(files, "docs/page.txt")), "page");
}

// --- caching --------------------------------------------------------------------------------------------------------

TEST(StaticFilesCaching, KnowsAFileByItsTagAndDate) {
  const StaticSite site;
  const Response first = site.get("docs/page.txt");
  const std::string tag = etag_of(first);
  const std::string date(first.headers.get("last-modified").value());
  const Response unmodified = site.get("docs/page.txt", {{"if-none-match", tag}});
  EXPECT_EQ(unmodified.status, 304);
  EXPECT_FALSE(unmodified.file);
  EXPECT_EQ(unmodified.headers.get("etag"), tag);
  EXPECT_EQ(unmodified.headers.get("cache-control"), "no-cache");
  EXPECT_EQ(site.get("docs/page.txt", {{"if-modified-since", date}}).status, 304);
  EXPECT_EQ(site.get("docs/page.txt", {{"if-match", "\"other\""}}).status, 412);
}

TEST(StaticFilesCaching, GivesANewTagToANewFile) {
  const StaticSite site;
  const std::string tag = etag_of(site.get("docs/page.txt"));
  site.write("docs/new.txt", "egap");  // as long and as old
  fs::rename(site.path("docs/new.txt"), site.path("docs/page.txt"));
  EXPECT_NE(etag_of(site.get("docs/page.txt")), tag);
  site.write("docs/page.txt", "longer");
  EXPECT_EQ(site.get("docs/page.txt", {{"if-none-match", tag}}).status, 200);
}

TEST(StaticFilesCaching, DoesNotTrustAFileThatWasJustWritten) {
  const StaticSite site;
  const auto written = [&](std::chrono::milliseconds ago) {
    fs::last_write_time(site.path("docs/page.txt"), std::chrono::file_clock::from_sys(site.clock().now() - ago));
    return etag_of(site.get("docs/page.txt"));
  };
  EXPECT_TRUE(written(std::chrono::milliseconds(999)).starts_with("W/"));
  EXPECT_TRUE(written(std::chrono::milliseconds(1000)).starts_with('"'));
}

TEST(StaticFilesCaching, DatesNothingIntoTheFuture) {
  const StaticSite site;
  fs::last_write_time(site.path("docs/page.txt"),
                      std::chrono::file_clock::from_sys(site.clock().now() + std::chrono::hours(1)));
  EXPECT_EQ(site.get("docs/page.txt").headers.get("last-modified"), "Thu, 01 Jan 2026 00:00:00 GMT");
}

TEST(StaticFilesCaching, TakesTimesThatNoClockHolds) {
  const StaticSite site;
  const auto dated = [&](std::time_t seconds) {
    const std::array<timespec, 2> times{{{.tv_sec = seconds, .tv_nsec = 1}, {.tv_sec = seconds, .tv_nsec = 1}}};
    EXPECT_EQ(::utimensat(AT_FDCWD, site.path("docs/page.txt").c_str(), times.data(), 0), 0);
    return std::string(site.get("docs/page.txt").headers.get("last-modified").value());
  };
  EXPECT_EQ(dated(std::time_t{15'000'000'000}), "Thu, 01 Jan 2026 00:00:00 GMT");  // the year 2445
  EXPECT_EQ(dated(std::time_t{-2'000'000'000}), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(StaticFilesCaching, SendsPartsAndResumesTheSameFileOnly) {
  const StaticSite site;
  const std::string tag = etag_of(site.get("docs/page.txt"));
  const Response part = site.get("docs/page.txt", {{"range", "bytes=1-2"}, {"if-range", tag}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(bytes_of(part), "ag");
  EXPECT_EQ(part.headers.get("content-range"), "bytes 1-2/4");
  EXPECT_EQ(bytes_of(site.get("docs/page.txt", {{"range", "bytes=1-2"}, {"if-range", "\"other\""}})), "page");
  EXPECT_EQ(site.get("docs/page.txt", {{"range", "bytes=4-"}}).status, 416);
}

TEST(StaticFilesCaching, KeepsHashedNamesForever) {
  const StaticSite site({.cache_control = "max-age=60", .hashed_names = true});
  for (const std::string_view name : {"app.3f9a0c21.js", "app-3f9a0c21.css", "a.b.3f9a0c21de.min.js"}) {
    site.write(name, "x");
    EXPECT_EQ(site.get(name).headers.get("cache-control"), "public, max-age=31536000, immutable") << name;
  }
  for (const std::string_view name : {"app.js", "3f9a0c21.js", "app.3f9a0c21", "app.3f9a0c2.js", "report-20260101.pdf",
                                      "app.deadbeef.js", "app.3F9A0C21.js", "app.3f9a0c2z.js"}) {
    site.write(name, "x");
    EXPECT_EQ(site.get(name).headers.get("cache-control"), "max-age=60") << name;
  }
  const StaticSite plain;
  plain.write("app.3f9a0c21.js", "x");
  EXPECT_EQ(plain.get("app.3f9a0c21.js").headers.get("cache-control"), "no-cache");
}

TEST(StaticFilesPrecompressed, AreSentToWhoTakesThem) {
  const StaticSite site({.precompressed = true});
  site.write("app.js", "plain");
  site.write("app.js.gz", "gzipped");
  site.write("app.js.zst", "zstandard");
  const Response zstd = site.get("app.js", {{"accept-encoding", "gzip, zstd"}});
  EXPECT_EQ(bytes_of(zstd), "zstandard");
  EXPECT_EQ(zstd.headers.get("content-encoding"), "zstd");
  EXPECT_EQ(zstd.headers.get("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(bytes_of(site.get("app.js", {{"accept-encoding", "gzip"}})), "gzipped");
  EXPECT_EQ(bytes_of(site.get("app.js")), "plain");
  EXPECT_EQ(site.get("app.js").headers.get("vary"), "accept-encoding");
  EXPECT_NE(etag_of(zstd), etag_of(site.get("app.js")));
}

TEST(StaticFilesPrecompressed, AreLeftWhereTheyAreOldAloneOrNotWanted) {
  const StaticSite site({.precompressed = true});
  site.write("app.js", "plain");
  site.write("app.js.gz", "gzipped");
  fs::last_write_time(site.path("app.js.gz"), fs::last_write_time(site.path("app.js")) - std::chrono::seconds(1));
  EXPECT_EQ(bytes_of(site.get("app.js", {{"accept-encoding", "gzip"}})), "plain");
  site.write("lonely.js.gz", "gzipped");
  EXPECT_EQ(site.get("lonely.js", {{"accept-encoding", "gzip"}}).status, 404);
  EXPECT_EQ(site.get("lonely.js.gz").headers.get("content-type"), "application/gzip");
  const StaticSite plain;
  plain.write("app.js", "plain");
  plain.write("app.js.gz", "gzipped");
  EXPECT_EQ(bytes_of(plain.get("app.js", {{"accept-encoding", "gzip"}})), "plain");
}

// --- what is not a file ---------------------------------------------------------------------------------------------

TEST(StaticFilesLinks, AreFollowedInsideOnly) {
  const StaticSite site;
  fs::create_symlink("docs/page.txt", site.path("in"));
  fs::create_symlink("docs", site.path("in_folder"));
  fs::create_symlink("../index.html", site.path("docs/up"));
  fs::create_symlink("in", site.path("in_twice"));
  EXPECT_EQ(bytes_of(site.get("in")), "page");
  EXPECT_EQ(bytes_of(site.get("in_folder/page.txt")), "page");
  EXPECT_EQ(bytes_of(site.get("docs/up")), "<p>home");
  EXPECT_EQ(bytes_of(site.get("in_twice")), "page");
}

TEST(StaticFilesLinks, AreNotFoundWhereTheyLeadOutOrNowhere) {
  const StaticSite site;
  fs::create_symlink("../secret.txt", site.path("out"));
  fs::create_symlink("..", site.path("out_folder"));
  fs::create_symlink(site.root().parent_path() / "secret.txt", site.path("out_absolute"));
  fs::create_symlink(site.path("index.html"), site.path("in_absolute"));
  fs::create_symlink("out", site.path("out_twice"));
  fs::create_symlink("../site/index.html", site.path("out_and_in"));
  fs::create_symlink("loop", site.path("loop"));
  fs::create_symlink("nothing", site.path("dangling"));
  fs::create_symlink("/proc/self/root/etc/passwd", site.path("magic"));
  fs::create_symlink("/dev/zero", site.path("device"));
  for (const std::string_view path :
       {"out", "out_folder/secret.txt", "out_folder", "out_folder/", "out_absolute", "in_absolute", "out_twice",
        "out_and_in", "loop", "dangling", "magic", "device", "out_folder/site/index.html"}) {
    EXPECT_EQ(site.get(path).status, 404) << path;
  }
}

TEST(StaticFiles, AreNeitherPipesNorSockets) {
  const StaticSite site;
  ASSERT_EQ(::mkfifo(site.path("pipe").c_str(), 0600), 0);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  site.path("socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(site.get("pipe").status, 404);  // and does not wait for a writer
  EXPECT_EQ(site.get("socket").status, 404);
  ::close(listener);
}

TEST(StaticFiles, KeepNoDescriptorOpen) {
  const StaticSite site;
  const StaticFiles files = site.files();
  const auto open = [] { return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()); };
  const auto before = open();
  for (const std::string_view path : {"index.html", "docs", "nothing", "docs/", "empty/", ".hidden"}) {
    (void)StaticSite::ask(files, path);
  }
  EXPECT_EQ(open(), before);
}

// A folder changes places with a link to another that holds a secret under the same name, while it is read.
TEST(StaticFiles, AreNotFooledByAFolderThatBecomesALink) {
  const StaticSite site;
  site.write("swap/secret.txt", "public");
  fs::create_symlink("..", site.path("evil"));
  const StaticFiles files = site.files();
  std::jthread swapper([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      ::renameat2(AT_FDCWD, site.path("swap").c_str(), AT_FDCWD, site.path("evil").c_str(), RENAME_EXCHANGE);
    }
  });
  for (int i = 0; i < 5000; ++i) {
    const Response response = StaticSite::ask(files, "swap/secret.txt");
    ASSERT_TRUE(response.status == 404 ? !response.file : bytes_of(response) == "public") << response.status;
  }
}

}  // namespace
}  // namespace mcdsl::http
