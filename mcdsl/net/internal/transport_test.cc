#include "mcdsl/net/internal/transport.h"

#include <array>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::net {
namespace {

// sendfile(2) knows no MSG_NOSIGNAL: the default action of SIGPIPE would end this test, and a server.
TEST(Transport, OutlivesAPeerThatVanishesWhileAFileIsSent) {
  const testing::TempDir dir;
  const auto path = dir.write("file", std::string(1000, 'x'));
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  UniqueFd peer(ends[1]);
  Transport transport(UniqueFd{ends[0]}, nullptr);
  EXPECT_EQ(transport.send_file(file.get(), 0, 1000).count, 1000U);
  peer.reset();
  EXPECT_EQ(transport.send_file(file.get(), 0, 1000).status, Transport::Status::failed);
  EXPECT_EQ(transport.write("x").status, Transport::Status::failed);
}

TEST(Transport, SaysThatAFileHasNoMore) {
  const testing::TempDir dir;
  const auto path = dir.write("file", "short");
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd peer(ends[1]);
  Transport transport(UniqueFd{ends[0]}, nullptr);
  EXPECT_EQ(transport.send_file(file.get(), 2, 100).count, 3U);
  EXPECT_EQ(transport.send_file(file.get(), 5, 100).status, Transport::Status::closed);
}

}  // namespace
}  // namespace mcdsl::net
