// What the protocols ask of a server, beside what their public suites try (tests/conformance).
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <mcdsl/grpcserver/internal/calls_for_test.pb.h>

#include "mcdsl/auth/token_verifier.h"
#include "mcdsl/base/error.h"
#include "mcdsl/grpcserver/dispatcher.h"
#include "mcdsl/grpcserver/internal/compression.h"
#include "mcdsl/grpcserver/internal/framing.h"
#include "mcdsl/grpcserver/stream.h"
#include "mcdsl/net/server.h"
#include "mcdsl/testing/http_client.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/rpc_caller.h"

namespace mcdsl::grpcserver {
namespace {

using test::Text;
using Fields = testing::RpcCaller::Fields;

// An application before which a request waits a minute, once its head has been read.
class AfterAMinute final : public http::Application {
 public:
  AfterAMinute(const http::Application& inner, testing::ManualClock& clock) : inner_(inner), clock_(clock) {}

  http::BodyPlan plan(http::Request& request) const override {
    auto plan = inner_.plan(request);
    clock_.advance(std::chrono::minutes(1));
    return plan;
  }
  http::Response serve(http::Request& request) const override { return inner_.serve(request); }

 private:
  const http::Application& inner_;
  testing::ManualClock& clock_;
};

// Says what it hears. Of a text that begins with "packed", the answer is compressed.
class CallsService final : public ServiceBase {
 public:
  std::vector<Method> methods() override {
    const auto method = [](const char* name) {
      return Text::descriptor()->file()->FindServiceByName("Calls")->FindMethodByName(name);
    };
    return {unary(method("Unary"), *this, &CallsService::say), client_stream(method("Up"), *this, &CallsService::join),
            server_stream(method("Down"), *this, &CallsService::split),
            bidi_stream(method("Both"), *this, &CallsService::echo)};
  }

 private:
  Result<Text> say(const Context& context, const Text& text) {
    context.compress_answers(text.value().starts_with("packed"));
    return text;
  }

  Result<Text> join(const Context& /*context*/, Reader<Text>& texts) {
    Text all;
    while (const auto text = texts.next()) {
      all.set_value(all.value() + text->value());
    }
    return all;
  }

  // A message for each word; or whether there is time left.
  Result<void> split(const Context& context, const Text& text, Writer<Text>& out) {
    if (text.value() == "still wanted?") {
      return context.still_wanted();
    }
    std::string_view rest = text.value();
    while (!rest.empty()) {
      Text word;
      word.set_value(std::string(rest.substr(0, rest.find(' '))));
      rest.remove_prefix(std::min(rest.size(), word.value().size() + 1));
      context.compress_answers(word.value().starts_with("packed"));
      if (auto written = out.write(word); !written) {
        return written;
      }
    }
    return {};
  }

  Result<void> echo(const Context& /*context*/, Reader<Text>& texts, Writer<Text>& out) {
    while (const auto text = texts.next()) {
      if (auto written = out.write(*text); !written) {
        return written;
      }
    }
    return {};
  }
};

class RefusesEveryToken final : public auth::TokenVerifier {
 public:
  Result<std::shared_ptr<const auth::Caller>> find_caller(std::string_view /*token*/,
                                                          std::chrono::nanoseconds /*patience*/) const override {
    return fail(Code::unauthenticated, "no");
  }
};

class DispatcherProtocol : public ::testing::Test {
 protected:
  // What a POST of this type gets; a name without a slash is a method of the service.
  [[nodiscard]] http::Response post(const std::string& name, const std::string& type, std::string body,
                                    Fields fields = {}) const {
    fields.emplace_back("content-type", type);
    return caller_.send(http::Method::post, path_of(name), std::move(body), fields);
  }

  [[nodiscard]] static std::string path_of(const std::string& name) {
    return name.starts_with('/') ? name : "/mcdsl.grpcserver.test.Calls/" + name;
  }

  [[nodiscard]] static http::Request request(http::Method method, const std::string& name, std::string_view type) {
    http::Request request;
    request.start(method, path_of(name));
    request.mutable_headers().add("content-type", type);
    return request;
  }

  CallsService service_;
  const Dispatcher dispatcher_{{&service_}};
  const testing::RpcCaller caller_{dispatcher_};
};

std::string serialised(const std::string& value) {
  Text text;
  text.set_value(value);
  return text.SerializeAsString();
}

std::string frame(std::string_view payload, std::uint8_t flags = 0) {
  std::string bytes;
  append_frame(bytes, flags, payload);
  return bytes;
}

std::string packed_frame(const std::string& value) {
  return frame(value_or_throw(gzip(serialised(value))), kCompressed);
}

// The messages of an answer, each with the flags of its frame before it: "0 plain", "1 packed".
std::vector<std::string> answers_in(const http::Response& response) {
  std::vector<std::string> answers;
  FrameReader frames(1U << 20U);
  frames.push(response.body);
  while (const auto next = value_or_throw(frames.next())) {
    const bool is_packed = next->flags == kCompressed;
    Text text;
    EXPECT_TRUE(text.ParseFromString(is_packed ? value_or_throw(gunzip(next->payload, 1U << 20U))
                                               : std::string(next->payload)));
    answers.push_back((is_packed ? "1 " : "0 ") + text.value());
  }
  EXPECT_TRUE(frames.is_empty());
  return answers;
}

std::string status_in(const http::Response& response) {
  return std::string(
      response.trailers.get("grpc-status").value_or(response.headers.get("grpc-status").value_or("none")));
}

using Texts = std::vector<std::string>;

TEST_F(DispatcherProtocol, SaysThatTimeIsOverInTheCodecOfTheCall) {
  for (const char* type : {"application/grpc", "application/grpc+json", "application/grpc-web+proto",
                           "application/grpc-web+json", "application/connect+proto", "application/connect+json"}) {
    http::Request head = request(http::Method::post, "Both", type);
    const http::BodyPlan plan = dispatcher_.plan(head);
    ASSERT_NE(plan.timed_out, nullptr);
    EXPECT_EQ(plan.timed_out().headers.get("content-type"), type);
  }
}

// Connect's clients read any other JSON as an error of the protocol, and find no code in it.
TEST_F(DispatcherProtocol, RefusesVerbsAndMediaTypesInPlainText) {
  const auto verb = caller_.send(http::Method::delete_, path_of("Up"), "", {{"content-type", "application/grpc"}});
  EXPECT_EQ(verb.status, 405);
  EXPECT_EQ(verb.headers.get("allow"), "POST");
  EXPECT_EQ(verb.headers.get("content-type"), "text/plain; charset=utf-8");

  const auto type = post("Unary", "image/jpeg", "12345678");
  EXPECT_EQ(type.status, 415);
  EXPECT_TRUE(type.headers.contains("accept-post"));
  EXPECT_EQ(type.headers.get("content-type"), "text/plain; charset=utf-8");
}

TEST_F(DispatcherProtocol, TellsConnectThatThereIsNoSuchMethod) {
  for (const auto& [name, type] : {std::pair{"Missing", "application/json"},
                                   {"Missing", "application/proto"},
                                   {"/other.v1.Service/Get", "application/proto"}}) {
    const auto answer = post(name, type, "");
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.headers.get("content-type"), "application/json");
    EXPECT_EQ(answer.body, R"({"code":"unimplemented","message":"no such method"})");
  }
}

TEST_F(DispatcherProtocol, LeavesJsonOutsideItsServicesToOthers) {
  for (const char* path : {"/other.v1.Service/Get", "/mcdsl.grpcserver.test.CallsToo/Get", "/v1/notes", "/"}) {
    EXPECT_FALSE(dispatcher_.takes(request(http::Method::post, path, "application/json"))) << path;
  }
}

TEST_F(DispatcherProtocol, AnswersAStreamToAnUnknownMethodWhileItGoesOn) {
  net::Server server(dispatcher_, {});
  const auto port = server.listen(value_or_throw(net::parse_address("127.0.0.1:0")), nullptr).port;
  server.start();
  testing::HttpClient client("127.0.0.1", port);
  const auto answer = client.exchange(
      "POST /other.v1.Service/Chat HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/connect+json\r\n"
      "transfer-encoding: chunked\r\n\r\n7\r\n" +
      frame("{}") + "\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body,
            frame(R"({"error":{"code":"unimplemented","message":"no such method"}})", kConnectEndOfStream));
}

TEST_F(DispatcherProtocol, CountsTheTimeOfAStreamFromItsHead) {
  testing::ManualClock clock;
  const Dispatcher dispatcher({&service_}, {.clock = clock});
  const AfterAMinute application(dispatcher, clock);
  net::Server server(application, {});
  const auto port = server.listen(value_or_throw(net::parse_address("127.0.0.1:0")), nullptr).port;
  server.start();
  const auto ask = [&](const std::string& milliseconds) {
    const std::string body = frame(R"({"value":"still wanted?"})");
    const auto answer =
        testing::HttpClient("127.0.0.1", port)
            .exchange("POST " + path_of("Down") +
                      " HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/connect+json\r\n"
                      "connect-timeout-ms: " +
                      milliseconds + "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return answer ? answer->body : "no answer";
  };
  EXPECT_EQ(ask("60000"),
            frame(R"({"error":{"code":"deadline_exceeded","message":"the deadline of the call has passed"}})",
                  kConnectEndOfStream));
  EXPECT_EQ(ask("60001"), frame("{}", kConnectEndOfStream));
}

// A caller's time goes by while its body is on the way, also for a method that does not stream.
TEST_F(DispatcherProtocol, CountsTheDeadlineOfACallFromItsHead) {
  testing::ManualClock clock;
  const Dispatcher dispatcher({&service_}, {.clock = clock});
  const AfterAMinute application(dispatcher, clock);
  const auto status = [&](std::string_view timeout) {
    http::Request call = request(http::Method::post, "Unary", "application/grpc");
    call.mutable_headers().add("grpc-timeout", timeout);
    call.mutable_body() = frame(serialised("hello"));
    (void)application.plan(call);
    return status_in(application.serve(call));
  };
  EXPECT_EQ(status("60S"), "4");
  EXPECT_EQ(status("61S"), "0");
}

// Nobody waits for the identity service longer than the caller waits for the answer.
TEST_F(DispatcherProtocol, GivesTheVerifierTheTimeThatTheCallHasLeft) {
  class Patient final : public auth::TokenVerifier {
   public:
    mutable std::chrono::nanoseconds patience{};

   private:
    Result<std::shared_ptr<const auth::Caller>> find_caller(std::string_view /*token*/,
                                                            std::chrono::nanoseconds asked) const override {
      patience = asked;
      return fail(Code::unavailable, "nobody knows");
    }
  };
  testing::ManualClock clock;
  const Patient verifier;
  const Dispatcher dispatcher({&service_}, {.verifier = &verifier,
                                            .access = {{"mcdsl.grpcserver.test.Calls", auth::Access::user()}},
                                            .clock = clock,
                                            .default_timeout = std::chrono::seconds(7)});
  const testing::RpcCaller caller(dispatcher, {{"authorization", "Bearer x"}});
  (void)caller.call("mcdsl.grpcserver.test.Calls/Unary", {""});
  EXPECT_EQ(verifier.patience, std::chrono::seconds(7));
  (void)testing::RpcCaller(dispatcher, {{"authorization", "Bearer x"}, {"grpc-timeout", "250m"}})
      .call("mcdsl.grpcserver.test.Calls/Unary", {""});
  EXPECT_EQ(verifier.patience, std::chrono::milliseconds(250));
}

// What the chain around the methods does not see is in the log all the same.
TEST_F(DispatcherProtocol, LogsWhatItRefusesInTheTermsOfHttp) {
  testing::LogCapture log;
  const Dispatcher dispatcher({&service_}, {.logger = log.logger()});
  const testing::RpcCaller caller(dispatcher);
  EXPECT_EQ(caller.send(http::Method::put, path_of("Unary"), "", {{"content-type", "application/grpc"}}).status, 405);
  EXPECT_EQ(caller.send(http::Method::post, path_of("Unary"), "", {{"content-type", "text/plain"}}).status, 415);
  EXPECT_NE(log.text().find("status=405"), std::string::npos) << log.text();
  EXPECT_NE(log.text().find("status=415"), std::string::npos) << log.text();
}

TEST_F(DispatcherProtocol, SaysUnimplementedOnlyToWhomItMayTellMethods) {
  EXPECT_EQ(status_in(post("Missing", "application/grpc", "")), "12");

  const RefusesEveryToken verifier;
  const Dispatcher guarded({&service_}, {.verifier = &verifier});
  const auto outcome = testing::RpcCaller(guarded).call("mcdsl.grpcserver.test.Calls/Missing", {""});
  ASSERT_FALSE(outcome.status);
  EXPECT_EQ(outcome.status.error().code(), Code::unauthenticated);
}

// gRPC's interoperability tests client_compressed_unary and server_compressed_unary, which no client in Go has; as are
// the next two for streams.
TEST_F(DispatcherProtocol, TakesAndGivesACompressedMessage) {
  const Fields gzips{{"grpc-encoding", "gzip"}, {"grpc-accept-encoding", "identity,gzip"}};
  const auto packed = post("Unary", "application/grpc", packed_frame("packed"), gzips);
  EXPECT_EQ(status_in(packed), "0");
  EXPECT_EQ(packed.headers.get("grpc-encoding"), "gzip");
  EXPECT_EQ(answers_in(packed), Texts({"1 packed"}));

  const auto plain = post("Unary", "application/grpc", frame(serialised("plain")), gzips);
  EXPECT_EQ(status_in(plain), "0");
  EXPECT_EQ(answers_in(plain), Texts({"0 plain"}));
}

TEST_F(DispatcherProtocol, TakesCompressedMessagesBetweenOthers) {
  const auto answer = post("Up", "application/grpc", packed_frame("a") + frame(serialised("b")) + packed_frame("c"),
                           {{"grpc-encoding", "gzip"}});
  EXPECT_EQ(status_in(answer), "0");
  EXPECT_EQ(answers_in(answer), Texts({"0 abc"}));
}

TEST_F(DispatcherProtocol, GivesCompressedMessagesBetweenOthers) {
  const auto answer =
      post("Down", "application/grpc", frame(serialised("packed1 plain packed2")), {{"grpc-accept-encoding", "gzip"}});
  EXPECT_EQ(status_in(answer), "0");
  EXPECT_EQ(answer.headers.get("grpc-encoding"), "gzip");
  EXPECT_EQ(answers_in(answer), Texts({"1 packed1", "0 plain", "1 packed2"}));
}

TEST_F(DispatcherProtocol, CompressesNothingInAStreamWhoseHeadNamesNoCompression) {
  const auto late =
      post("Down", "application/grpc", frame(serialised("plain packed")), {{"grpc-accept-encoding", "gzip"}});
  EXPECT_FALSE(late.headers.contains("grpc-encoding"));
  EXPECT_EQ(answers_in(late), Texts({"0 plain", "0 packed"}));

  const auto unasked = post("Down", "application/grpc", frame(serialised("packed")));
  EXPECT_FALSE(unasked.headers.contains("grpc-encoding"));
  EXPECT_EQ(answers_in(unasked), Texts({"0 packed"}));
}

// "Compressed-Flag … if it is set and no encoding is given, INTERNAL" (gRPC's compression.md).
TEST_F(DispatcherProtocol, RefusesACompressedMessageInACallThatNamesNoCompression) {
  EXPECT_EQ(status_in(post("Unary", "application/grpc", packed_frame("a"))), "13");
  EXPECT_EQ(status_in(post("Up", "application/grpc", packed_frame("a"))), "13");
  EXPECT_EQ(status_in(post("Unary", "application/grpc", packed_frame("a"), {{"grpc-encoding", "br"}})), "12");
}

}  // namespace
}  // namespace mcdsl::grpcserver
