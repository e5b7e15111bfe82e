// Calls that break the protocol: each ends in the code that gRPC names for it, and the connection serves on.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "rpc_server.h"

namespace mcdsl::grpcserver {
namespace {

using namespace std::chrono_literals;
using Fields = net::Http2Client::Fields;

constexpr std::size_t kMostGrowth = std::size_t{16} << 10U;  // KiB

const std::string kAnnouncesAll("\0\xff\xff\xff\xff", 5);  // a message of 4 GiB

class Hostile : public ::testing::Test {
 protected:
  // The status that a call ends in; after it the connection has to answer a good one.
  int call(const std::string& method, const std::string& body, const Fields& fields = {}) {
    const int status = status_of(client_.wait_for(client_.request("POST", kPath + method, grpc_fields(fields), body)));
    EXPECT_EQ(status_of(client_.wait_for(client_.request("POST", kPath + "Ping", grpc_fields(), framed("")))), 0)
        << "the connection is lost";
    return status;
  }

  RpcServer server_;
  net::Http2Client client_{server_.connect()};
};

std::string gzip_of_zeros(std::size_t size) {
  return gzipped(std::string(size, '\0'));
}

TEST_F(Hostile, MessagesEndInTheCodeThatGrpcNames) {
  struct Case {
    std::string what;
    int unary;
    int stream;
    std::string body;
    Fields fields{};
  };
  notes::Note note;
  note.set_title("a");
  const std::string good = framed(note.SerializeAsString());
  const Fields gzips{{"grpc-encoding", "gzip"}};
  for (const Case& each : {
           Case{"no message", 12, 0, ""},
           Case{"two messages", 12, 0, framed("") + framed("")},
           Case{"a prefix that is cut", 13, 13, good.substr(0, 3)},
           Case{"a message that is cut", 13, 13, good.substr(0, good.size() - 1)},
           Case{"a byte too many", 12, 13, good + "x"},
           Case{"a message of 4 GiB", 8, 8, kAnnouncesAll},
           Case{"a message above the limit", 8, 8, framed(std::string(RpcServer::kMost + 1, '\0'))},
           Case{"no protobuf", 13, 13, framed("\xff\xff")},
           Case{"malformed UTF-8", 13, 13, framed("\x0a\x02\xff\xfe")},
           Case{"an unknown flag", 13, 13, framed("", 0x40)},
           Case{"the trailers of gRPC-Web", 13, 13, framed("x: y\r\n", 0x80)},
           Case{"packed, and nobody says how", 13, 13, framed(gzipped(""), kCompressed)},
           Case{"packed, and it is not", 13, 13, framed("plain", kCompressed), gzips},
           Case{"packed and cut", 13, 13, framed(gzip_of_zeros(100).substr(0, 15), kCompressed), gzips},
           Case{"a bomb", 8, 8, framed(gzip_of_zeros(100U << 20U), kCompressed), gzips},
           Case{"an unknown packing", 12, 12, good, {{"grpc-encoding", "br"}}},
           Case{"a deadline that is none", 13, 13, good, {{"grpc-timeout", "soon"}}},
           Case{"a deadline without a number", 13, 13, good, {{"grpc-timeout", "S"}}},
           Case{"a negative deadline", 13, 13, good, {{"grpc-timeout", "-1S"}}},
           Case{"a deadline that has passed", 4, 4, good, {{"grpc-timeout", "0n"}}},
           Case{"a deadline in ten thousand years", 0, 0, good, {{"grpc-timeout", "99999999H"}}},
           Case{"binary metadata that is none, and nobody reads", 0, 0, good, {{"x-data-bin", "!!"}}},
           Case{"no token", 16, 16, good, {{"authorization", "Bearer second"}}},
       }) {
    EXPECT_EQ(call("GetNote", each.body, each.fields), each.unary) << each.what;
    EXPECT_EQ(call("Upload", each.body, each.fields), each.stream) << each.what;
  }
}

TEST_F(Hostile, LengthsAndBombsCostNoMemory) {
  EXPECT_EQ(call("Upload", framed("")), 0);  // what is needed once is there
  const std::string bomb = framed(gzip_of_zeros(100U << 20U), kCompressed);
  const std::size_t before = process_figure("VmHWM");
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(call("GetNote", kAnnouncesAll), 8);
    EXPECT_EQ(call("GetNote", bomb, {{"grpc-encoding", "gzip"}}), 8);
    EXPECT_EQ(call("Upload", bomb, {{"grpc-encoding", "gzip"}}), 8);
  }
  if (!kIsSanitized) {
    EXPECT_LT(process_figure("VmHWM"), before + kMostGrowth);
  }
}

// Who announces 4 GiB and sends no more is not waited for.
TEST_F(Hostile, StreamsEndWithThePrefixOfAMessageAboveTheLimit) {
  const std::int32_t stream = client_.request("POST", kPath + "Upload", grpc_fields(), kAnnouncesAll, /*open=*/true);
  ASSERT_TRUE(client_.wait_until([&] {
    const auto& answer = client_.answer(stream);
    return answer.trailers.contains("grpc-status") || answer.headers.contains("grpc-status") || answer.closed;
  }));
  const auto& answer = client_.answer(stream);
  const auto status = answer.trailers.get("grpc-status");
  EXPECT_EQ(status ? *status : answer.headers.get("grpc-status").value_or("none"), "8");
  EXPECT_EQ(call("Ping", framed("")), 0);
}

TEST_F(Hostile, RequestsThatAreNoCallsAreRefusedInTermsOfHttp) {
  struct Case {
    std::string method;
    std::string type;
    int status;
  };
  for (const auto& [method, type, status] :
       {Case{"GET", "application/grpc", 405}, Case{"PUT", "application/grpc", 405}, Case{"POST", "text/html", 415},
        Case{"POST", "application/grpc-web-text+json", 415}, Case{"POST", "application/grpcx", 415}}) {
    const auto& answer = client_.wait_for(client_.request(method, kPath + "ListNotes", {{"content-type", type}}));
    EXPECT_EQ(answer.status, status) << method << ' ' << type;
  }
  EXPECT_EQ(server_.service().entered(), 0);
  EXPECT_EQ(call("Ping", framed("")), 0);
}

TEST(HostileClients, WhoNeverEndAUnaryCallAreAnsweredWhenItsTimeIsOver) {
  RpcServer server({.read_timeout = 100ms});
  net::Http2Client client(server.connect());
  const std::int32_t stream = client.request("POST", kPath + "GetNote", grpc_fields(), framed(""), /*open=*/true);
  ASSERT_TRUE(client.wait_until(
      [&] { return client.answer(stream).closed || client.answer(stream).headers.contains("grpc-status"); }));
  EXPECT_EQ(client.answer(stream).status, 200);
  EXPECT_EQ(client.answer(stream).headers.get("grpc-status"), "4");
  EXPECT_EQ(server.service().entered(), 0);
  EXPECT_TRUE(server.has_counted("GetNote", "deadline_exceeded"));
  EXPECT_EQ(status_of(client.wait_for(client.request("POST", kPath + "Ping", grpc_fields(), framed("")))), 0);
}

TEST(HostileClients, WhoNeverEndAStreamAreCutAtTheirDeadline) {
  RpcServer server;
  net::Http2Client client(server.connect());
  const std::int32_t stream =
      client.request("POST", kPath + "Upload", grpc_fields({{"grpc-timeout", "100m"}}), framed(""), /*open=*/true);
  ASSERT_TRUE(client.wait_until([&] {
    const auto& answer = client.answer(stream);
    return answer.closed || answer.headers.contains("grpc-status") || answer.trailers.contains("grpc-status");
  }));
  const auto& answer = client.answer(stream);
  const auto status = answer.trailers.get("grpc-status");
  EXPECT_EQ(status ? *status : answer.headers.get("grpc-status").value_or("none"), "4");
}

}  // namespace
}  // namespace mcdsl::grpcserver
