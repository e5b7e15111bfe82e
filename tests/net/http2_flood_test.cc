// Clients of HTTP/2 that mean harm: each is cut off, and others are served meanwhile.

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "mcdsl/net/server.h"
#include "mcdsl/testing/http_client.h"

namespace mcdsl::net {
namespace {

#if defined(__has_feature)
constexpr bool kIsSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kIsSanitized = false;
#endif

enum class Type : std::uint8_t {
  data,
  headers,
  priority,
  rst_stream,
  settings,
  push,
  ping,
  goaway,
  window,
  continuation
};

constexpr std::uint8_t kEndStream = 1;
constexpr std::uint8_t kEndHeaders = 4;

// RFC 9113 §4.1.
std::string frame(Type type, std::uint8_t flags, std::uint32_t stream, std::string_view payload = "") {
  std::string bytes;
  const auto size = static_cast<std::uint32_t>(payload.size());
  for (const int shift : {16, 8, 0}) {
    bytes.push_back(static_cast<char>(size >> shift));
  }
  bytes.push_back(static_cast<char>(type));
  bytes.push_back(static_cast<char>(flags));
  for (const int shift : {24, 16, 8, 0}) {
    bytes.push_back(static_cast<char>(stream >> shift));
  }
  return bytes.append(payload);
}

// ":method: GET", ":path: /", ":scheme: https" and ":authority: a" (RFC 7541, appendix A).
const std::string kHead = std::string("\x82\x84\x87\x01\x01") + "a";

// Literal fields with incremental indexing, and those that refer to the first of the dynamic table (RFC 7541 §6).
std::string new_field(std::string_view name, std::size_t value_size) {
  std::string bytes = "\x40";
  bytes.push_back(static_cast<char>(name.size()));
  bytes.append(name);
  bytes.push_back('\x7f');  // the length is 127 and more
  for (std::size_t rest = value_size - 127;; rest >>= 7U) {
    bytes.push_back(static_cast<char>(rest < 128 ? rest : (rest & 0x7fU) | 0x80U));
    if (rest < 128) {
      break;
    }
  }
  return bytes.append(value_size, 'x');
}

class Hello final : public http::Application {
 public:
  http::BodyPlan plan(http::Request& /*request*/) const override { return {}; }
  http::Response serve(http::Request& request) const override { return http::text(std::string(request.path())); }
};

std::size_t resident_bytes() {
  std::size_t all = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * 4096;
}

class Flood : public ::testing::Test {
 protected:
  Flood() { server_.start(); }

  // Sends the beginning and then one frame after the other, until the server has had enough.
  template <class Next>
  void expect_cut(std::string_view beginning, Next next) {
    constexpr int kMost = 20'000'000;
    testing::HttpClient client("127.0.0.1", address_.port);
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(Type::settings, 0, 0) + std::string(beginning));
    const std::size_t before = resident_bytes();
    int sent = 0;
    for (std::string batch; sent < kMost; batch.clear()) {
      for (int i = 0; i < 100; ++i) {
        batch += next(sent++);
      }
      if (!client.send(batch)) {
        break;
      }
      if (sent == 1000) {
        expect_service();
      }
    }
    EXPECT_LT(sent, kMost) << "nobody stopped it";
    (void)client.receive_until_closed();
    expect_service();
    if (!kIsSanitized) {  // whose allocators keep what is freed
      EXPECT_LT(resident_bytes(), before + (std::size_t{32} << 20U));
    }
  }

  void expect_service() const {
    testing::HttpClient fresh("127.0.0.1", address_.port);
    const auto answer = fresh.exchange("GET /fresh HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "/fresh");
  }

  const Hello application_;
  Server server_{application_, {}};
  const Address address_ = server_.listen(*parse_address("127.0.0.1:0"), nullptr);
};

std::uint32_t stream_of(int number) {
  return static_cast<std::uint32_t>(number) * 2 + 1;
}

TEST_F(Flood, OfRequestsThatAreResetAtOnce) {
  expect_cut("", [](int i) {
    return frame(Type::headers, kEndStream | kEndHeaders, stream_of(i), kHead) +
           frame(Type::rst_stream, 0, stream_of(i), std::string("\0\0\0\x08", 4));
  });
}

TEST_F(Flood, OfEmptyContinuations) {
  expect_cut(frame(Type::headers, kEndStream, 1, kHead), [](int) { return frame(Type::continuation, 0, 1); });
}

TEST_F(Flood, OfContinuationsWithFields) {
  const std::string field = new_field("x-flood", 200);
  expect_cut(frame(Type::headers, kEndStream, 1, kHead), [&](int) { return frame(Type::continuation, 0, 1, field); });
}

TEST_F(Flood, OfSettings) {
  expect_cut("", [](int) { return frame(Type::settings, 0, 0); });
}

TEST_F(Flood, OfPings) {
  expect_cut("", [](int) { return frame(Type::ping, 0, 0, "12345678"); });
}

TEST_F(Flood, OfEmptyData) {
  expect_cut(frame(Type::headers, kEndHeaders, 1, kHead), [](int) { return frame(Type::data, 0, 1); });
}

TEST_F(Flood, OfPriorities) {
  expect_cut("", [](int i) { return frame(Type::priority, 0, stream_of(i % 50), std::string("\0\0\0\0\x10", 5)); });
}

TEST_F(Flood, OfUnknownFrames) {
  expect_cut("", [](int) { return frame(static_cast<Type>(0x77), 0, 0, "unknown"); });
}

TEST_F(Flood, OfFieldsThatExpandAThousandfold) {
  // One field of 4 KiB goes into the table; each byte after that stands for all of it.
  const std::string bomb = kHead + new_field("x-bomb", 3000);
  const std::string references(16'000, '\xbe');
  expect_cut(frame(Type::headers, kEndStream | kEndHeaders, 1, bomb), [&](int i) {
    return frame(Type::headers, kEndStream | kEndHeaders, stream_of(i + 1), kHead + references);
  });
}

}  // namespace
}  // namespace mcdsl::net
