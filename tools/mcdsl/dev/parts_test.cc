// What `mcdsl dev` is made of, but for its processes: see tests/dev for those.
#include <algorithm>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/error.h"
#include "tools/mcdsl/dev/accounts.h"
#include "tools/mcdsl/dev/answer_reader.h"
#include "tools/mcdsl/dev/console.h"
#include "tools/mcdsl/dev/port.h"
#include "tools/mcdsl/dev/settings.h"

namespace mcdsl::tool {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::StartsWith;

// Gives an answer in pieces of so many bytes.
AnswerReader reader_of(std::string text, std::size_t piece, bool has_no_body = false) {
  return AnswerReader(
      [text = std::move(text), piece, at = std::size_t{0}](std::span<char> into) mutable -> Result<std::size_t> {
        const std::size_t count = std::min({piece, into.size(), text.size() - at});
        text.copy(into.data(), count, at);
        at += count;
        return count;
      },
      has_no_body);
}

// The body; "error" where there is none to be had.
std::string body_of(AnswerReader& reader) {
  std::string body;
  std::string piece(7, '\0');
  for (;;) {
    const auto got = reader.read_body(piece);
    if (!got) {
      return "error";
    }
    if (*got == 0) {
      return body;
    }
    body.append(piece, 0, *got);
  }
}

TEST(AnswerReader, ReadsEveryFramingInPiecesOfAnySize) {
  const std::string head = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-A: 1\r\n";
  const std::vector<std::string> bodies{
      "Content-Length: 11\r\n\r\nhello worldand more that is not its",
      "Transfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5;x=y\r\nworld\r\n0\r\nTrailer: t\r\n\r\n",
      "\r\nhello world",
  };
  for (const std::string& body : bodies) {
    for (const std::size_t piece : {1, 3, 1000}) {
      AnswerReader reader = reader_of(head + body, piece);
      const auto read = reader.read_head();
      ASSERT_TRUE(read.has_value()) << body;
      EXPECT_EQ(read->status, 200);
      EXPECT_EQ(read->headers.get("x-a"), "1");
      EXPECT_EQ(body_of(reader), "hello world") << body << " by " << piece;
      EXPECT_EQ(body_of(reader), "") << body;
    }
  }
}

TEST(AnswerReader, ReadsNoBodyWhereThereIsNone) {
  AnswerReader to_head = reader_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 100, true);
  EXPECT_EQ(to_head.read_head()->length, 5U);
  EXPECT_EQ(body_of(to_head), "");
  AnswerReader unchanged = reader_of("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 100);
  EXPECT_EQ(unchanged.read_head()->length, std::nullopt);
  EXPECT_EQ(body_of(unchanged), "");
}

TEST(AnswerReader, RefusesWhatIsNoAnswer) {
  for (const std::string_view wrong :
       {"", "HTTP/1.1 200 OK\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 099 X\r\n\r\n",
        "SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"}) {
    AnswerReader reader = reader_of(std::string(wrong), 1000);
    EXPECT_FALSE(reader.read_head().has_value()) << wrong;
  }
}

TEST(AnswerReader, TellsHalfABodyFromAWholeOne) {
  for (const std::string_view half :
       {"Content-Length: 11\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n6\r\nhell",
        "Transfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", "Transfer-Encoding: chunked\r\n\r\n0\r\n"}) {
    AnswerReader reader = reader_of("HTTP/1.1 200 OK\r\n" + std::string(half), 1000);
    ASSERT_TRUE(reader.read_head().has_value()) << half;
    EXPECT_EQ(body_of(reader), "error") << half;
  }
}

TEST(DevSettings, AreTheSameAsAFileAndAsVariables) {
  const std::vector<Setting> settings{
      {.section = "server", .key = "listen_addr", .value = "127.0.0.1:1"},
      {.section = "server", .key = "trusted_proxies", .value = "127.0.0.1", .is_list = true},
      {.section = "server", .key = "proxy_protocol", .value = "true", .is_text = false},
      {.section = "database", .key = "path", .value = "/a \"b\"\\c\n"}};
  EXPECT_EQ(to_toml(settings).substr(to_toml(settings).find('[')),
            "[server]\nlisten_addr = \"127.0.0.1:1\"\ntrusted_proxies = [\"127.0.0.1\"]\nproxy_protocol = true\n"
            "\n[database]\npath = \"/a \\\"b\\\"\\\\c\\u000A\"\n");
  EXPECT_THAT(to_environment(settings, "my-notes"),
              ElementsAre("MY_NOTES_SERVER_LISTEN_ADDR=127.0.0.1:1", "MY_NOTES_SERVER_TRUSTED_PROXIES=127.0.0.1",
                          "MY_NOTES_SERVER_PROXY_PROTOCOL=true", "MY_NOTES_DATABASE_PATH=/a \"b\"\\c\n"));
}

TEST(DevSettings, PassOnNoPortAndNothingOfAManager) {
  ::setenv("PORT", "1", 1);
  ::setenv("PORT_GRPC", "2", 1);
  ::setenv("NOTIFY_SOCKET", "/run/manager", 1);
  ::setenv("PORTAL", "3", 1);
  const auto environment = environment_with({"PORTAL=4"});
  for (const char* name : {"PORT", "PORT_GRPC", "NOTIFY_SOCKET", "PORTAL"}) {
    ::unsetenv(name);
  }
  EXPECT_THAT(environment, Not(Contains(StartsWith("PORT="))));
  EXPECT_THAT(environment, Not(Contains(StartsWith("PORT_"))));
  EXPECT_THAT(environment, Not(Contains(StartsWith("NOTIFY_SOCKET="))));
  EXPECT_THAT(environment, Contains("PORTAL=4"));
  EXPECT_THAT(environment, Not(Contains("PORTAL=3")));
}

TEST(Accounts, AreReadLineByLine) {
  const auto accounts = parse_accounts("# who\n\nCarol  user,admin  correct horse \r\n\tdave\tguest\n");
  ASSERT_EQ(accounts.size(), 2U);
  EXPECT_EQ(accounts[0].name, "carol");
  EXPECT_THAT(accounts[0].roles, ElementsAre("user", "admin"));
  EXPECT_EQ(accounts[0].password.reveal(), "correct horse ");
  EXPECT_TRUE(accounts[0].is_password_given);
  EXPECT_EQ(accounts[1].name, "dave");
  EXPECT_FALSE(accounts[1].is_password_given);
  EXPECT_GE(accounts[1].password.reveal().size(), 16U);
  EXPECT_THROW((void)parse_accounts("carol\n"), Exception);
  EXPECT_THROW((void)parse_accounts("# nobody\n"), Exception);
}

TEST(Console, PutsTheNameBeforeEachWholeLine) {
  std::ostringstream out;
  Console console(out, false);
  std::string text = "one\ntwo\nthr";
  console.print_lines("notes", text, false);
  EXPECT_EQ(out.str(), "notes      | one\nnotes      | two\n");
  EXPECT_EQ(text, "thr");
  text += "ee";
  console.print_lines("notes", text, true);
  EXPECT_EQ(out.str(), "notes      | one\nnotes      | two\nnotes      | three\n");
  EXPECT_EQ(text, "");
}

TEST(Console, CutsALineThatDoesNotEnd) {
  std::ostringstream out;
  Console console(out, false);
  std::string text(200'000, 'x');
  console.print_lines("notes", text, false);
  EXPECT_LT(text.size(), std::size_t{64} << 10U);
  EXPECT_EQ(std::ranges::count(out.str(), 'x') + std::ssize(text), 200'000);
}

TEST(Port, IsTheWantedOneOrNone) {
  auto port = Port::take(0);
  ASSERT_TRUE(port.has_value());
  EXPECT_NE(port->number(), 0);
  EXPECT_NE(Port::take(0)->number(), port->number());
}

}  // namespace
}  // namespace mcdsl::tool
