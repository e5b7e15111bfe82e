#include "mcdsl/net/internal/body_pipe.h"

#include <array>
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

namespace mcdsl::net {
namespace {

std::string read_all(BodyPipe& pipe) {
  std::string all;
  std::array<char, 1000> buffer{};
  for (;;) {
    const auto count = pipe.read(buffer);
    if (!count || *count == 0) {
      return all;
    }
    all.append(buffer.data(), *count);
  }
}

TEST(BodyPipe, GivesTheHandlerWhatTheLoopPushes) {
  BodyPipe pipe([] {});
  const std::string sent(3000, 'x');
  pipe.push(sent);
  pipe.end();
  EXPECT_EQ(read_all(pipe), sent);
}

TEST(BodyPipe, HasTheHandlerWaitForBytes) {
  BodyPipe pipe([] {});
  std::string got;
  {
    const std::jthread handler([&] { got = read_all(pipe); });
    pipe.push("one");
    pipe.push("two");
    pipe.end();
  }
  EXPECT_EQ(got, "onetwo");
}

TEST(BodyPipe, TellsTheLoopOnceThatAFullPipeHasRoomAgain) {
  int told = 0;
  BodyPipe pipe([&] { ++told; });
  pipe.push(std::string(BodyPipe::kCapacity, 'x'));
  EXPECT_EQ(pipe.room(), 0);
  std::string buffer(BodyPipe::kCapacity / 4, '\0');
  EXPECT_TRUE(pipe.read(buffer));
  EXPECT_EQ(told, 0) << "not for a little room";
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(pipe.read(buffer));
  }
  EXPECT_EQ(told, 1);
  EXPECT_EQ(pipe.room(), BodyPipe::kCapacity);
}

TEST(BodyPipe, HasTheHandlerWaitForRoomAndTellsTheLoopOfBytes) {
  std::atomic<int> told = 0;
  BodyPipe pipe([&] { ++told; });
  std::string got;
  pipe.pull(1, got);  // finds nothing, so the loop waits
  const std::string sent(3 * BodyPipe::kCapacity, 'y');
  {
    const std::jthread handler([&] {
      EXPECT_TRUE(pipe.write(sent));
      pipe.end();
    });
    for (BodyPipe::State state; !state.is_ended || state.size > 0; state = pipe.state()) {
      pipe.pull(10'000, got);
      EXPECT_LE(pipe.state().size, BodyPipe::kCapacity);
    }
  }
  EXPECT_EQ(got, sent);
  EXPECT_GE(told, 1);
}

TEST(BodyPipe, WakesWhoeverWaitsWhenItFails) {
  BodyPipe reading([] {});
  BodyPipe writing([] {});
  Result<std::size_t> read = 1;
  Result<void> written;
  {
    const std::jthread reader([&] {
      std::array<char, 1> buffer{};
      read = reading.read(buffer);
    });
    const std::jthread writer([&] { written = writing.write(std::string(2 * BodyPipe::kCapacity, 'z')); });
    reading.fail(Error(Code::cancelled, "gone"));
    reading.fail(Error(Code::internal, "later"));
    writing.fail(Error(Code::cancelled, "gone"));
  }
  EXPECT_EQ(read.error().message(), "gone") << "the first error stays";
  EXPECT_EQ(written.error().code(), Code::cancelled);
  EXPECT_TRUE(reading.state().has_failed);
}

}  // namespace
}  // namespace mcdsl::net
