#include <filesystem>
#include <string>
#include <utility>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/net/internal/server_fixture_test.h"

namespace mcdsl::net {
namespace {

class ListenTest : public ServerTest {
 protected:
  // Why the server would not listen.
  static Error refusal(Server& server, const Address& address) {
    try {
      server.listen(address, nullptr);
    } catch (const Exception& problem) {
      return problem.error();
    }
    ADD_FAILURE() << "it listens on " << address.to_string();
    return {Code::unknown, ""};
  }

  // Why the server would not take a socket.
  static std::string refusal_of(Server& server, UniqueFd socket) {
    try {
      server.adopt(std::move(socket), nullptr);
    } catch (const Exception& problem) {
      EXPECT_EQ(problem.error().code(), Code::failed_precondition);
      return problem.error().message();
    }
    ADD_FAILURE() << "it was taken";
    return {};
  }

  // What a service manager does.
  static UniqueFd socket_at(const sockaddr* address, socklen_t length) {
    UniqueFd socket(::socket(address->sa_family, SOCK_STREAM, 0));
    EXPECT_EQ(::bind(socket.get(), address, length), 0);
    EXPECT_EQ(::listen(socket.get(), 10), 0);
    return socket;
  }
  static UniqueFd tcp_socket() {
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_addr = IN6ADDR_LOOPBACK_INIT;
    return socket_at(reinterpret_cast<const sockaddr*>(&any), sizeof any);
  }
  [[nodiscard]] UniqueFd unix_socket() const {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    unix_address().unix_path.copy(name.sun_path, sizeof name.sun_path - 1);
    return socket_at(reinterpret_cast<const sockaddr*>(&name), sizeof name);
  }

  [[nodiscard]] Address unix_address() const { return {.host = "", .unix_path = (dir_ / "s").string()}; }
};

TEST_F(ListenTest, NamesTheAddressThatIsTaken) {
  start();
  Server second(application_, {});
  const Error error = refusal(second, address_);
  EXPECT_EQ(error.code(), Code::unavailable);
  EXPECT_TRUE(error.message().contains("listen on " + address_.to_string() + ": ")) << error.message();
  EXPECT_TRUE(error.message().contains("in use")) << error.message();
}

TEST_F(ListenTest, RefusesAHostThatDoesNotExistHere) {
  Server& server = make();
  EXPECT_EQ(refusal(server, {.host = "192.0.2.1", .port = 0}).code(), Code::unavailable);
  EXPECT_EQ(refusal(server, {.host = "no such host", .port = 0}).code(), Code::invalid_argument);
}

TEST_F(ListenTest, ListensOnNamesAndOnEveryInterface) {
  for (const std::string_view text : {"localhost:0", ":0", "0.0.0.0:0", "127.0.0.1:0"}) {
    Server& server = make();
    address_ = server.listen(*parse_address(text), nullptr);
    server.start();
    EXPECT_NE(address_.port, 0) << text;
    EXPECT_EQ(fetch("/")->status, 200) << text;
  }
}

TEST_F(ListenTest, ServesSeveralListenersAtOnce) {
  Server& server = make();
  const Address first = server.listen(*parse_address("127.0.0.1:0"), nullptr);
  const Address second = server.listen(*parse_address("127.0.0.1:0"), nullptr);
  server.listen(unix_address(), nullptr);
  server.start();
  EXPECT_EQ(testing::HttpClient("127.0.0.1", first.port).exchange(get("/1"))->body, "/1");
  EXPECT_EQ(testing::HttpClient("127.0.0.1", second.port).exchange(get("/2"))->body, "/2");
  EXPECT_EQ(testing::HttpClient(unix_address().unix_path).exchange(get("/3"))->body, "/3");
}

TEST_F(ListenTest, RefusesAListenerAfterTheStartAndASecondStart) {
  Server& server = start();
  EXPECT_EQ(refusal(server, {.host = "127.0.0.1", .port = 0}).code(), Code::failed_precondition);
  EXPECT_THROW(server.start(), Exception);
  EXPECT_EQ(fetch("/")->status, 200);
}

TEST_F(ListenTest, ServesAUnixSocketAndRemovesItsFile) {
  application_.handlers["/who"] = [](http::Request& request) { return http::text(request.peer().address); };
  Server& server = make();
  server.listen(unix_address(), nullptr);
  server.start();
  EXPECT_EQ(testing::HttpClient(unix_address().unix_path).exchange(get("/who"))->body, "unix");
  server.stop();
  EXPECT_TRUE(server.wait());
  EXPECT_FALSE(std::filesystem::exists(unix_address().unix_path));
}

TEST_F(ListenTest, RemovesTheFileOfAServerThatNeverRan) {
  make().listen(unix_address(), nullptr);
  EXPECT_TRUE(std::filesystem::exists(unix_address().unix_path));
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(unix_address().unix_path));
}

TEST_F(ListenTest, ReplacesASocketFileThatADeadProcessLeft) {
  const auto path = dir_ / "s";
  make().listen(unix_address(), nullptr);
  std::filesystem::create_hard_link(path, dir_ / "kept");
  server_.reset();  // closes the socket, and removes one of its names
  std::filesystem::rename(dir_ / "kept", path);
  Server& server = make();
  server.listen(unix_address(), nullptr);
  server.start();
  EXPECT_EQ(testing::HttpClient(path.string()).exchange(get("/"))->status, 200);
}

TEST_F(ListenTest, LeavesASocketAloneThatIsInUse) {
  Server& first = make();
  first.listen(unix_address(), nullptr);
  first.start();
  Server second(application_, {});
  EXPECT_EQ(refusal(second, unix_address()).code(), Code::unavailable);
  EXPECT_EQ(testing::HttpClient(unix_address().unix_path).exchange(get("/"))->status, 200);
}

TEST_F(ListenTest, NeverRemovesAFileThatIsNoSocket) {
  const auto path = dir_.write("s", "precious");
  EXPECT_EQ(refusal(make(), unix_address()).code(), Code::unavailable);
  EXPECT_EQ(read_file(path), "precious");
}

TEST_F(ListenTest, ServesASocketThatAnotherOpened) {
  Server& server = make();
  const Address address = server.adopt(tcp_socket(), nullptr);
  EXPECT_EQ(address.host, "::1");
  server.start();
  EXPECT_EQ(testing::HttpClient(address.host, address.port).exchange(get("/"))->body, "/");
}

TEST_F(ListenTest, LeavesASocketOfAnotherAsItWasForTheNextServer) {
  const UniqueFd socket = unix_socket();
  for (const std::string_view path : {"/first", "/second"}) {
    Server& server = make();
    EXPECT_EQ(server.adopt(UniqueFd(::dup(socket.get())), nullptr).to_string(), unix_address().to_string());
    testing::HttpClient waiting(unix_address().unix_path);  // between two servers nobody is turned away
    server.start();
    EXPECT_EQ(waiting.exchange(get(path))->body, path);
    server.stop();
    EXPECT_TRUE(server.wait());
  }
}

TEST_F(ListenTest, AdoptsASocketWithAnAbstractName) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  EXPECT_EQ(make()
                .adopt(socket_at(reinterpret_cast<const sockaddr*>(&name), sizeof(sa_family_t)), nullptr)
                .to_string()
                .substr(0, 6),
            "unix:@");
}

TEST_F(ListenTest, AdoptsOnlyStreamSocketsThatListen) {
  Server& server = make();
  EXPECT_TRUE(
      refusal_of(server, UniqueFd(::socket(AF_INET, SOCK_STREAM, 0))).contains("no stream socket that listens"));
  EXPECT_TRUE(refusal_of(server, UniqueFd(::socket(AF_INET, SOCK_DGRAM, 0))).contains("no stream socket that listens"));
  EXPECT_TRUE(refusal_of(server, UniqueFd(::open("/dev/null", O_RDWR))).contains("non-socket"));
  EXPECT_TRUE(refusal_of(server, UniqueFd()).contains("descriptor -1"));
}

}  // namespace
}  // namespace mcdsl::net
