#include "mcdsl/base/log.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "mcdsl/base/file.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::log {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class StringSink final : public Sink {
 public:
  void write(Level level, std::string_view line) noexcept override {
    last_level = level;
    text.append(line);
  }
  Level last_level = Level::debug;
  std::string text;
};

class LogTest : public ::testing::Test {
 protected:
  [[nodiscard]] Logger logger(Format format) const { return Logger(sink, format, clock); }
  [[nodiscard]] std::string logfmt_of(std::string_view value) const {
    sink->text.clear();
    logger(Format::logfmt).info("m", {{"key", value}});
    return sink->text.substr(sink->text.find("key="));
  }
  [[nodiscard]] std::string json_of(std::string_view value) const {
    sink->text.clear();
    logger(Format::json).info("m", {{"key", value}});
    return sink->text.substr(sink->text.find("\"key\":"));
  }

  mcdsl::testing::ManualClock clock;
  std::shared_ptr<StringSink> sink = std::make_shared<StringSink>();
};

TEST_F(LogTest, WritesALogfmtLine) {
  clock.advance(std::chrono::milliseconds(1500));
  logger(Format::logfmt).info("server started", {{"address", "127.0.0.1:8443"}, {"workers", 2}});
  EXPECT_EQ(sink->text,
            "time=2026-01-01T00:00:01.500Z level=info msg=\"server started\" address=127.0.0.1:8443 workers=2\n");
}

TEST_F(LogTest, WritesAJsonLine) {
  logger(Format::json).warn("certificate expires soon", {{"days", 6}, {"name", "notes.example"}});
  EXPECT_EQ(sink->text, R"({"time":"2026-01-01T00:00:00Z","level":"warn","msg":"certificate expires soon","days":6,)"
                        R"("name":"notes.example"})"
                        "\n");
}

TEST_F(LogTest, WritesEveryKindOfValueInLogfmt) {
  logger(Format::logfmt)
      .info("m", {{"text", std::string("a b")},
                  {"yes", true},
                  {"no", false},
                  {"least", std::numeric_limits<std::int64_t>::min()},
                  {"most", std::numeric_limits<std::uint64_t>::max()},
                  {"real", 0.25},
                  {"nan", std::numeric_limits<double>::quiet_NaN()},
                  {"took", std::chrono::microseconds(1250)},
                  {"short", std::chrono::nanoseconds(999)}});
  EXPECT_THAT(sink->text, HasSubstr("msg=m text=\"a b\" yes=true no=false least=-9223372036854775808 "
                                    "most=18446744073709551615 real=0.25 nan=null took=0.00125 short=0\n"));
}

TEST_F(LogTest, QuotesLogfmtValuesThatALineReaderWouldMisread) {
  EXPECT_EQ(logfmt_of("plain-value_1.0/x"), "key=plain-value_1.0/x\n");
  EXPECT_EQ(logfmt_of(""), "key=\"\"\n");
  EXPECT_EQ(logfmt_of("a b"), "key=\"a b\"\n");
  EXPECT_EQ(logfmt_of("a=b"), "key=\"a=b\"\n");
  EXPECT_EQ(logfmt_of("say \"hi\""), "key=\"say \\\"hi\\\"\"\n");
  EXPECT_EQ(logfmt_of("back\\slash"), "key=\"back\\\\slash\"\n");
  EXPECT_EQ(logfmt_of("caf\xc3\xa9"), "key=\"caf\xc3\xa9\"\n");
}

TEST_F(LogTest, CannotBeForgedByForeignText) {
  const std::string attack = "x\nlevel=error msg=\"disk full\"\r\n{\"level\":\"error\"}";
  for (const Format format : {Format::logfmt, Format::json}) {
    sink->text.clear();
    logger(format).info(attack, {{"user", attack}});
    EXPECT_EQ(std::ranges::count(sink->text, '\n'), 1) << sink->text;
    EXPECT_EQ(sink->text.back(), '\n');
    EXPECT_EQ(std::ranges::count(sink->text, '\r'), 0);
  }
  EXPECT_EQ(logfmt_of("x\" level=error"), "key=\"x\\\" level=error\"\n");
}

TEST_F(LogTest, EscapesEveryControlCharacter) {
  for (int c = 0; c < 0x20; ++c) {
    const std::string value(1, static_cast<char>(c));
    EXPECT_EQ(logfmt_of(value).find(value.front()), c == '\n' ? logfmt_of(value).size() - 1 : std::string::npos) << c;
  }
  EXPECT_EQ(json_of("\x1b[31m\x7f"), "\"key\":\"\\u001b[31m\\u007f\"}\n");
  EXPECT_EQ(json_of("\xc2\x9b\xc2\x80\xc2\xa0"), "\"key\":\"\\u009b\\u0080\xc2\xa0\"}\n");
}

TEST_F(LogTest, ReplacesMalformedUtf8) {
  EXPECT_EQ(json_of("a\xff"), "\"key\":\"a\\ufffd\"}\n");
  EXPECT_EQ(json_of("\xed\xa0\x80"), "\"key\":\"\\ufffd\\ufffd\\ufffd\"}\n");
}

TEST_F(LogTest, QuotesJsonKeys) {
  logger(Format::json).info("m", {{"a\"b", 1}});
  EXPECT_THAT(sink->text, HasSubstr(R"("a\"b":1})"));
}

TEST_F(LogTest, StartsAtInfoAndFollowsItsLevel) {
  const Logger log = logger(Format::logfmt);
  log.debug("hidden");
  EXPECT_EQ(sink->text, "");
  log.set_level(Level::debug);
  log.debug("shown");
  EXPECT_THAT(sink->text, HasSubstr("level=debug msg=shown"));
  log.set_level(Level::error);
  log.warn("hidden");
  EXPECT_THAT(sink->text, Not(HasSubstr("hidden")));
  log.error("shown too");
  EXPECT_EQ(sink->last_level, Level::error);
  EXPECT_FALSE(log.enabled(Level::warn));
}

TEST_F(LogTest, SharesTheLevelBetweenCopies) {
  const Logger first = logger(Format::logfmt);
  const Logger second = first.with({{"request_id", "r1"}});
  first.set_level(Level::warn);
  second.info("hidden");
  EXPECT_EQ(sink->text, "");
}

TEST_F(LogTest, PutsFixedFieldsOnEachLine) {
  const Logger log = logger(Format::logfmt).with({{"request_id", "r 1"}}).with({{"user", "ana"}});
  log.info("one");
  log.info("two", {{"n", 2}});
  EXPECT_THAT(sink->text, HasSubstr("msg=one request_id=\"r 1\" user=ana\n"));
  EXPECT_THAT(sink->text, HasSubstr("msg=two request_id=\"r 1\" user=ana n=2\n"));
}

TEST(Logger, DiscardsEverythingByDefault) {
  const Logger log;
  log.error("nobody hears", {{"n", 1}});
  log.with({{"n", 1}}).set_level(Level::debug);
  EXPECT_FALSE(log.enabled(Level::error));
}

TEST(LogLevel, HasANameThatIsReadBack) {
  for (const Level level : {Level::debug, Level::info, Level::warn, Level::error}) {
    EXPECT_EQ(parse_level(name(level)), level);
  }
  for (const std::string_view text : {"", "INFO", "warning", "info ", "trace"}) {
    EXPECT_EQ(parse_level(text), std::nullopt) << text;
  }
}

TEST(FdSink, KeepsLinesOfManyThreadsWhole) {
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  const mcdsl::testing::TempDir folder;
  const UniqueFd file(::open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  ASSERT_TRUE(file);
  const Logger log(std::make_shared<FdSink>(file.get()));
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&log, t] {
        const std::string filler(100, static_cast<char>('a' + t));
        for (int i = 0; i < kLines; ++i) {
          log.info("line", {{"filler", filler}, {"end", "here"}});
        }
      });
    }
  }
  const std::string text = read_file(folder / "log").value();
  EXPECT_EQ(std::ranges::count(text, '\n'), kThreads * kLines);
  for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1)) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    EXPECT_TRUE(line.starts_with("time=") && line.ends_with(" end=here")) << line;
  }
}

TEST(FdSink, DropsALineThatCannotBeWritten) {
  const UniqueFd read_only(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(read_only);
  FdSink(read_only.get()).write(Level::error, "lost\n");
  FdSink(-1).write(Level::error, "lost\n");
}

}  // namespace
}  // namespace mcdsl::log
