// What a handler takes from a client and puts into a header must not become a header, or an answer, of its own.

#include <array>

#include "mcdsl/net/internal/http2_client_test.h"
#include "mcdsl/net/internal/server_fixture_test.h"

namespace mcdsl::net {
namespace {

using namespace std::string_literals;

const std::array kAttacks{"/next\r\nset-cookie: injected=1"s,
                          "/next\nset-cookie: injected=1"s,
                          "/next\rset-cookie: injected=1"s,
                          "/next\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\ninjected"s,
                          "/next\0injected"s,
                          "\r\ninjected"s,
                          "injected\r\n"s,
                          "injected\x7f"s};

// The ways in which a handler can bring a text into a head, each named by a path.
const std::map<std::string, std::function<http::Response(const std::string&)>, std::less<>> kWays{
    {"/location",
     [](const std::string& text) { return http::no_content().with_status(303).with_header("Location", text); }},
    {"/added",
     [](const std::string& text) {
       http::Response response = http::text("good");
       response.headers.add("x-note", text);
       return response;
     }},
    {"/name", [](const std::string& text) { return http::text("good").with_header("x-" + text, "value"); }},
    {"/type",
     [](const std::string& text) { return http::stream(text, [](http::BodyWriter&) { return Result<void>(); }); }},
    {"/trailer",
     [](const std::string& text) {
       http::Response response = http::stream("text/plain", [](http::BodyWriter&) { return Result<void>(); });
       response.trailers.add("x-note", text);
       return response;
     }},
};

class InjectionTest : public ServerTest {
 protected:
  InjectionTest() {
    for (const auto& [path, way] : kWays) {
      application_.handlers[path] = [this, &way](http::Request&) {
        try {
          return way(text_);
        } catch (const Exception& problem) {
          code_ = problem.error().code();
          message_ = problem.error().message();
          throw;
        }
      };
    }
    start({.loops = 1});
  }

  // A handler brings `text` into a head; then its error is typed, and quotes nothing.
  void expect_typed_error(const std::string& text) const {
    EXPECT_EQ(code_, Code::internal);
    EXPECT_FALSE(message_.contains('\n') || message_.contains('\r') || message_.contains('\0')) << message_;
    EXPECT_FALSE(message_.contains(text));
  }

  // Written and read in turns with the handlers: no two requests are under way at once.
  std::string text_;
  Code code_ = Code::unknown;
  std::string message_;
};

TEST_F(InjectionTest, PutsNothingOnTheWireInHttp1) {
  for (const auto& [path, way] : kWays) {
    for (const std::string& attack : kAttacks) {
      SCOPED_TRACE(path + " " + http::percent_encode(attack));
      text_ = attack;
      code_ = Code::unknown;
      auto client = connect();
      client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      const std::string wire = client.receive_until_closed();
      EXPECT_TRUE(wire.starts_with("HTTP/1.1 500 ")) << wire;
      EXPECT_FALSE(wire.contains("injected")) << wire;
      expect_typed_error(attack);
    }
  }
}

TEST_F(InjectionTest, PutsNothingOnTheWireInHttp2) {
  Http2Client client(connect());
  for (const auto& [path, way] : kWays) {
    for (const std::string& attack : kAttacks) {
      SCOPED_TRACE(path + " " + http::percent_encode(attack));
      text_ = attack;
      code_ = Code::unknown;
      const auto& answer = client.get(path);
      EXPECT_EQ(answer.status, 500);
      EXPECT_TRUE(answer.trailers.empty());
      EXPECT_FALSE(answer.body.contains("injected")) << answer.body;
      for (const auto field : answer.headers) {
        EXPECT_FALSE(field.name.contains("injected") || field.value.contains("injected")) << field.name;
      }
      expect_typed_error(attack);
    }
  }
}

TEST_F(InjectionTest, LetsThroughWhatIsNone) {
  text_ = "/next?a=%0d%0ab";
  EXPECT_EQ(fetch("/location")->headers.get("location"), text_);
  Http2Client client(connect());
  EXPECT_EQ(client.get("/location").headers.get("location"), text_);
}

}  // namespace
}  // namespace mcdsl::net
