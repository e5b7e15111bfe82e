#include "mcdsl/base/log_buffer.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcdsl/base/file.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::log {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;

// Keeps what it is given; while it is shut, whoever writes waits.
class Gate final : public Sink {
 public:
  void write(Level /*level*/, std::string_view lines) noexcept override {
    std::unique_lock lock(mutex_);
    ++entered_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    text_.append(lines);
    longest_ = std::max(longest_, lines.size());
  }

  void shut() {
    const std::scoped_lock lock(mutex_);
    open_ = false;
  }
  void open() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait_for_a_writer() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return entered_ > 0; });
  }
  std::string text() {
    const std::scoped_lock lock(mutex_);
    return text_;
  }
  std::size_t longest() {
    const std::scoped_lock lock(mutex_);
    return longest_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  int entered_ = 0;
  std::string text_;
  std::size_t longest_ = 0;
};

class BufferedSinkTest : public ::testing::Test {
 protected:
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
};

TEST_F(BufferedSinkTest, KeepsTheOrderOfLines) {
  BufferedSink sink(gate_, Format::logfmt, {.delay = hours(1)});
  sink.write(Level::info, "one\n");
  sink.write(Level::warn, "two\n");
  sink.write(Level::debug, "three\n");
  EXPECT_TRUE(sink.flush(hours(1)));
  EXPECT_EQ(gate_->text(), "one\ntwo\nthree\n");
}

TEST_F(BufferedSinkTest, GivesOnWhatWaitsWhenItEnds) {
  {
    BufferedSink sink(gate_, Format::logfmt, {.delay = hours(1)});
    sink.write(Level::info, "last words\n");
  }
  EXPECT_EQ(gate_->text(), "last words\n");
}

TEST_F(BufferedSinkTest, DoesNotLetAnErrorWaitForOthers) {
  gate_->shut();
  BufferedSink sink(gate_, Format::logfmt, {.delay = hours(1)});
  sink.write(Level::info, "before\n");
  sink.write(Level::error, "broken\n");
  gate_->wait_for_a_writer();  // within the hour
  gate_->open();
  EXPECT_TRUE(sink.flush(hours(1)));
  EXPECT_EQ(gate_->text(), "before\nbroken\n");
}

TEST_F(BufferedSinkTest, DoesNotWaitForOthersWhenItIsHalfFull) {
  BufferedSink sink(gate_, Format::logfmt, {.max_bytes = 100, .delay = hours(1)});
  sink.write(Level::info, std::string(49, 'x') + "\n");
  gate_->wait_for_a_writer();
  EXPECT_EQ(gate_->text(), std::string(49, 'x') + "\n");
}

TEST_F(BufferedSinkTest, DropsWhatFindsNoRoomAndSaysHowMuch) {
  gate_->shut();
  BufferedSink sink(gate_, Format::logfmt, {.max_bytes = 20, .delay = milliseconds(0)});
  sink.write(Level::error, "on its way\n");
  gate_->wait_for_a_writer();
  sink.write(Level::info, "0123456789\n");
  sink.write(Level::info, "too much by 2\n");
  sink.write(Level::info, "too much by 2\n");
  sink.write(Level::info, "it fits\n");
  gate_->open();
  EXPECT_TRUE(sink.flush(hours(1)));
  EXPECT_THAT(gate_->text(), HasSubstr("on its way\n0123456789\nit fits\ntime="));
  EXPECT_THAT(gate_->text(), EndsWith(" level=warn msg=\"log lines were dropped\" lines=2\n"));
}

TEST_F(BufferedSinkTest, SaysSoInTheFormatOfTheLog) {
  BufferedSink sink(gate_, Format::json, {.max_bytes = 4});
  sink.write(Level::info, "longer than all room\n");
  EXPECT_TRUE(sink.flush(hours(1)));
  EXPECT_THAT(gate_->text(), EndsWith(R"("level":"warn","msg":"log lines were dropped","lines":1})"
                                      "\n"));
}

TEST_F(BufferedSinkTest, GivesUpAFlushThatTakesTooLong) {
  gate_->shut();
  BufferedSink sink(gate_);
  sink.write(Level::info, "stuck\n");
  EXPECT_FALSE(sink.flush(milliseconds(1)));
  gate_->open();
  EXPECT_TRUE(sink.flush(hours(1)));
}

TEST_F(BufferedSinkTest, HasNothingToFlushAtFirst) {
  BufferedSink sink(gate_);
  EXPECT_TRUE(sink.flush(milliseconds(0)));
  EXPECT_EQ(gate_->text(), "");
}

TEST_F(BufferedSinkTest, IsFlushedThroughALogger) {
  const Logger logger(std::make_shared<BufferedSink>(gate_, Format::logfmt, BufferOptions{.delay = hours(1)}));
  logger.with({{"a", 1}}).info("line");
  EXPECT_TRUE(logger.flush());
  EXPECT_THAT(gate_->text(), EndsWith(" msg=line a=1\n"));
  EXPECT_TRUE(Logger().flush());
}

TEST_F(BufferedSinkTest, WritesNoMoreAtOnceThanAPipeTakes) {
  BufferedSink sink(gate_, Format::logfmt, {.delay = hours(1)});
  std::string all;
  for (std::size_t size = 1; size < 300; ++size) {
    const std::string line = std::string(size, 'x') + "\n";
    sink.write(Level::info, line);
    all.append(line);
  }
  EXPECT_TRUE(sink.flush(hours(1)));
  EXPECT_EQ(gate_->text(), all);
  EXPECT_LE(gate_->longest(), 4096U);
  const std::string long_line = std::string(10'000, 'y') + "\n";
  sink.write(Level::info, long_line);
  sink.write(Level::info, "short\n");
  EXPECT_TRUE(sink.flush(hours(1)));
  EXPECT_EQ(gate_->text(), all + long_line + "short\n");
  EXPECT_EQ(gate_->longest(), long_line.size());
}

TEST_F(BufferedSinkTest, LosesNoLineOfManyThreads) {
  {
    const Logger logger(std::make_shared<BufferedSink>(gate_));
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          logger.info("line", {{"end", "here"}});
        }
      });
    }
  }
  const std::string text = gate_->text();
  EXPECT_EQ(std::ranges::count(text, '\n'), 2000);
  for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1)) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    EXPECT_TRUE(line.starts_with("time=") && line.ends_with(" end=here")) << line;
  }
}

TEST(BufferedSink, LetsAChildOfForkWriteAndEndByItself) {
  const mcdsl::testing::TempDir folder;
  const UniqueFd file(::open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  ASSERT_TRUE(file);
  auto sink = std::make_unique<BufferedSink>(std::make_shared<FdSink>(file.get()), Format::logfmt,
                                             BufferOptions{.delay = hours(1)});
  sink->write(Level::info, "parent\n");
  const ::pid_t child = ::fork();
  if (child == 0) {
    sink->write(Level::info, "child\n");
    const bool flushed = sink->flush(seconds(1));
    sink.reset();
    ::_exit(flushed ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  sink.reset();
  EXPECT_EQ(read_file(folder / "log").value(), "child\nparent\n") << "the parent's lines are written once";
}

}  // namespace
}  // namespace mcdsl::log
