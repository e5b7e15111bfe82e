#include "mcdsl/grpcserver/dispatcher.h"

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>

#include "mcdsl/grpcserver/internal/compression.h"
#include "mcdsl/grpcserver/internal/metadata.h"
#include "mcdsl/grpcserver/internal/notes_for_test.h"
#include "mcdsl/grpcserver/internal/service_of_text_for_test.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/rpc_caller.h"

namespace mcdsl::grpcserver {
namespace {

using namespace std::chrono_literals;
using Fields = testing::RpcCaller::Fields;

const std::string kService = "mcdsl.test.v1.NotesService/";
const Fields kUser{{"authorization", "Bearer user"}};
const TokensForTest kTokens;

// --- start

// What the start of a dispatcher is refused with; empty where it is not.
std::string refusal(ServiceBase& service, DispatcherOptions options = {}) {
  try {
    const Dispatcher dispatcher({&service}, std::move(options));
  } catch (const Exception& problem) {
    EXPECT_EQ(problem.error().code(), Code::internal);
    return problem.what();
  }
  return {};
}

TEST(DispatcherStart, NamesEveryMistakeAtOnce) {
  ServiceOfText service(R"(
      rpc NoRule(Everything) returns (Everything);
      rpc BadRule(Everything) returns (Everything) { option (mcdsl.v1.access) = "everyone"; }
      rpc NoField(Everything) returns (Everything) {
        option (mcdsl.v1.access) = "user";
        option (google.api.http) = {
          get: "/v1/{nope}/{neither}"
          additional_bindings { get: "/v1/{text" }
          additional_bindings { post: "/v1/x" body: "absent" response_body: "missing" }
        };
      }
      rpc First(Everything) returns (Everything) {
        option (mcdsl.v1.access) = "user";
        option (google.api.http) = {get: "/v2/{text}"};
      }
      rpc Second(Everything) returns (Everything) {
        option (mcdsl.v1.access) = "user";
        option (google.api.http) = {get: "/v2/{inner.text}"};
      })");
  const std::string text = refusal(service, {.access = {{"no.Such/Method", auth::Access::user()}}});
  for (const std::string_view piece :
       {"Texts/NoRule", "no access rule", "Texts/BadRule", "everyone", "Texts/NoField", "nope", "neither",
        "/v1/{text\"", "absent", "missing", "GET /v2/{text} is a route of mcdsl.grpcserver.test.Texts/First already",
        "no.Such/Method"}) {
    EXPECT_TRUE(text.contains(piece)) << piece << " is missing in " << text;
  }
}

struct RouteCase {
  std::string rule;
  std::string problem;
};

TEST(DispatcherStart, RefusesRoutesThatCouldNotBeAnswered) {
  for (const auto& [rule, problem] : std::vector<RouteCase>{
           {R"({post: "/v1" body: "inner.inner"})", "within another"},
           {R"({post: "/v1" body: "many"})", "no message"},
           {R"({post: "/v1" body: "text"})", "no message"},
           {R"({get: "/v1" response_body: "inner.inner"})", "within another"},
           {R"({get: "/v1" response_body: "labels"})", "no message"},
           {R"({get: "/v1/{numbers}"})", "repeated"},
           {R"({get: "/v1/{labels}"})", "repeated"},
           {R"({get: "/v1/{text.more}"})", "text"},
           {R"({get: "v1"})", "v1"},
           {R"({custom: {kind: "BREW" path: "/v1"}})", "BREW"},
           {R"({custom: {kind: "HEAD" path: "/v1"}})", "HEAD"},
           {R"({body: "*"})", "no method of HTTP"},
           {R"({get: "/v1" additional_bindings {get: "/v2" additional_bindings {get: "/v3"}}})", "within"},
           {R"({get: "/v1" additional_bindings {get: "/v1"}})", "already"},
       }) {
    ServiceOfText service(
        "rpc Get(Everything) returns (Everything) { option (mcdsl.v1.access) = \"user\"; "
        "option (google.api.http) = " +
        rule + "; }");
    EXPECT_TRUE(refusal(service).contains(problem)) << rule << ": " << refusal(service);
  }
  ServiceOfText up(
      "rpc Get(stream Everything) returns (Everything) { option (mcdsl.v1.access) = \"user\"; "
      "option (google.api.http) = {post: \"/v1\" body: \"*\"}; }");
  EXPECT_TRUE(refusal(up).contains("streams"));
}

TEST(DispatcherStart, RefusesAServiceThatIsThereTwice) {
  NotesForTest one;
  NotesForTest other;
  EXPECT_EQ(refusal(one), "");
  try {
    const Dispatcher dispatcher({&one, &other});
    FAIL() << "it starts";
  } catch (const Exception& problem) {
    EXPECT_TRUE(std::string_view(problem.what()).contains("GetNote: is there twice"));
  }
}

TEST(DispatcherStart, TakesTheRuleOfTheServiceInCodeWhereNobodySaysAnother) {
  class Ruled final : public ServiceBase {
   public:
    std::vector<Method> methods() override { return inner_.methods(); }
    [[nodiscard]] std::optional<auth::Access> default_access() const override { return auth::Access::admin(); }

   private:
    ServiceOfText inner_{R"(rpc Own(Everything) returns (Everything) { option (mcdsl.v1.access) = "user"; }
                            rpc Other(Everything) returns (Everything);)"};
  };
  Ruled service;
  const Dispatcher dispatcher({&service});
  const auto entries = dispatcher.entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].access.to_string(), "admin");  // Other, by name
  EXPECT_EQ(entries[1].access.to_string(), "user");
}

TEST(DispatcherStart, ListsItsMethods) {
  NotesForTest service;
  const auto entries = Dispatcher({&service}).entries();
  ASSERT_EQ(entries.size(), 6U);
  EXPECT_EQ(entries[0].name, kService + "Echo");
  EXPECT_EQ(entries[0].kind, Kind::bidi_stream);
  EXPECT_TRUE(entries[0].rest.empty());
  EXPECT_EQ(entries[1].name, kService + "GetNote");
  ASSERT_EQ(entries[1].rest.size(), 1U);
  EXPECT_EQ(entries[1].rest[0].method, http::Method::get);
  EXPECT_EQ(entries[1].rest[0].pattern, "/v1/notes/{id}");
  EXPECT_FALSE(entries[1].is_internal);
  EXPECT_TRUE(entries[3].is_internal);  // Ping
}

// --- calls

// A dispatcher whose GetNote is the test's.
class DispatcherCalls : public ::testing::Test {
 protected:
  void get_is(NotesForTest::Get get, DispatcherOptions options = {}) {
    service_.emplace(std::move(get));
    options.verifier = &kTokens;
    dispatcher_.emplace(std::vector<ServiceBase*>{&*service_}, std::move(options));
  }

  [[nodiscard]] http::Response post(const std::string& type, std::string body, Fields fields = {},
                                    const std::string& method = "GetNote") const {
    fields.emplace_back("content-type", type);
    return testing::RpcCaller(*dispatcher_, kUser)
        .send(http::Method::post, "/" + kService + method, std::move(body), fields);
  }

  [[nodiscard]] testing::RpcOutcome call(const std::string& method = "GetNote",
                                         const std::vector<std::string>& messages = {""}, Fields fields = kUser) const {
    return testing::RpcCaller(*dispatcher_, std::move(fields)).call(kService + method, messages);
  }

  std::optional<NotesForTest> service_;
  std::optional<Dispatcher> dispatcher_;
};

Result<notes::Note> note(std::string_view title) {
  notes::Note made;
  made.set_title(std::string(title));
  return made;
}

std::string status_in(const http::Response& response) {
  return std::string(
      response.trailers.get("grpc-status").value_or(response.headers.get("grpc-status").value_or("none")));
}

TEST_F(DispatcherCalls, ShowTheirCallerAndNameToTheHandler) {
  get_is([](const Context& context, const notes::GetNoteRequest&) {
    EXPECT_EQ(context.method(), kService + "GetNote");
    EXPECT_EQ(context.bearer_token(), "user");
    return note(context.caller().username);
  });
  const auto reply =
      testing::RpcCaller(*dispatcher_, kUser).unary<notes::Note>(kService + "GetNote", notes::GetNoteRequest());
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->title(), "ada");
}

TEST_F(DispatcherCalls, PassInterceptorsFromTheFirstToTheLastAndBack) {
  std::string seen;
  const auto marks = [&seen](char mark) -> Interceptor {
    return [&seen, mark](CallHandler next) -> CallHandler {
      return [&seen, mark, next = std::move(next)](Call& made) {
        seen.push_back(mark);
        auto result = next(made);
        seen.push_back(mark);
        return result;
      };
    };
  };
  get_is(
      [&seen](const Context&, const notes::GetNoteRequest&) {
        seen.push_back('*');
        return note("");
      },
      {.interceptors = {marks('a'), marks('b')}});
  EXPECT_TRUE(call().status);
  EXPECT_EQ(seen, "ab*ba");
  seen.clear();
  EXPECT_FALSE(call("GetNote", {""}, {}).status);
  EXPECT_EQ(seen, "") << "one that may not call has got past authentication";
}

TEST_F(DispatcherCalls, SayNothingOfAnExceptionToTheClient) {
  testing::LogCapture log;
  get_is(
      [](const Context&, const notes::GetNoteRequest&) -> Result<notes::Note> {
        throw std::runtime_error("canary: /srv/secret.db");
      },
      {.logger = log.logger()});
  for (const char* type : {"application/grpc", "application/grpc-web", "application/proto", "application/json"}) {
    const std::string message = std::string_view(type).ends_with("json") ? "{}" : "";
    const auto answer = post(type, std::string_view(type).starts_with("application/grpc") ? framed(message) : message);
    std::string all = answer.body;
    for (const auto& fields : {answer.headers, answer.trailers}) {
      for (const auto [name, value] : fields) {
        all.append(name).append(value);
      }
    }
    EXPECT_FALSE(all.contains("canary")) << type;
  }
  EXPECT_EQ(call().status.error().code(), Code::internal);
  EXPECT_TRUE(log.contains("canary")) << "the operator has to learn of it";
}

TEST_F(DispatcherCalls, KeepTheCodeOfAnExceptionThatAClientCanActOn) {
  get_is([](const Context&, const notes::GetNoteRequest& request) -> Result<notes::Note> {
    throw Exception(static_cast<Code>(std::stoi(request.id())), "from below");
  });
  for (const auto& [thrown, seen] : {std::pair{Code::unavailable, Code::unavailable},
                                     {Code::resource_exhausted, Code::resource_exhausted},
                                     {Code::deadline_exceeded, Code::deadline_exceeded},
                                     {Code::not_found, Code::internal},
                                     {Code::unauthenticated, Code::internal}}) {
    notes::GetNoteRequest request;
    request.set_id(std::to_string(static_cast<int>(thrown)));
    EXPECT_EQ(call("GetNote", {request.SerializeAsString()}).status.error().code(), seen);
  }
}

TEST_F(DispatcherCalls, BringErrorDetailsInEveryProtocol) {
  get_is([](const Context&, const notes::GetNoteRequest&) -> Result<notes::Note> {
    return fail(Error::visible(Code::not_found, "no such note: 50 % gone\n")
                    .with_detail({"google.rpc.ErrorInfo", "\x0a\x05stale"}));
  });
  const auto grpc = post("application/grpc", framed(""));
  EXPECT_EQ(status_in(grpc), "5");
  EXPECT_EQ(grpc.headers.get("grpc-message"), "no such note: 50 %25 gone%0A");
  google::rpc::Status status;
  ASSERT_TRUE(
      status.ParseFromString(*decode_binary(grpc.headers.get("grpc-status-details-bin").value_or("no base64"))));
  EXPECT_EQ(status.code(), 5);
  ASSERT_EQ(status.details_size(), 1);
  EXPECT_EQ(status.details(0).type_url(), "type.googleapis.com/google.rpc.ErrorInfo");
  EXPECT_EQ(status.details(0).value(), "\x0a\x05stale");

  EXPECT_TRUE(post("application/grpc-web", framed("")).body.contains("grpc-status-details-bin: "));
  EXPECT_EQ(post("application/json", "{}").body,
            R"({"code":"not_found","message":"no such note: 50 % gone\n","details":[)"
            R"({"type":"google.rpc.ErrorInfo","value":"CgVzdGFsZQ"}]})");
}

// --- metadata

const std::string kBytes("\0\xff bytes", 8);

TEST_F(DispatcherCalls, CarryMetadataBothWays) {
  get_is([](const Context& context, const notes::GetNoteRequest&) {
    EXPECT_EQ(value_or_throw(context.metadata("x-plain")), "text");
    EXPECT_EQ(value_or_throw(context.metadata("x-data-bin")), kBytes);
    EXPECT_EQ(value_or_throw(context.metadata("X-Data-Bin")), kBytes);
    EXPECT_EQ(value_or_throw(context.metadata("x-absent")), std::nullopt);
    EXPECT_EQ(value_or_throw(context.metadata("grpc-encoding")), std::nullopt) << "is the protocol's";
    context.add_header("x-head", "one");
    context.add_header("X-Head-Bin", kBytes);
    context.add_trailer("x-tail", "two");
    context.add_trailer("x-tail-bin", kBytes);
    return note("");
  });
  const Fields sent{{"x-plain", "text"}, {"x-data-bin", encode_binary(kBytes)}, {"grpc-encoding", "identity"}};
  const auto grpc = post("application/grpc", framed(""), sent);
  EXPECT_EQ(status_in(grpc), "0");
  EXPECT_EQ(grpc.headers.get("x-head"), "one");
  EXPECT_EQ(grpc.headers.get("x-head-bin"), encode_binary(kBytes));
  EXPECT_EQ(grpc.trailers.get("x-tail"), "two");
  EXPECT_EQ(grpc.trailers.get("x-tail-bin"), encode_binary(kBytes));

  const auto web = post("application/grpc-web", framed(""), sent);
  EXPECT_EQ(web.headers.get("x-head"), "one");
  EXPECT_TRUE(web.body.contains("x-tail: two\r\n"));
  const auto connect = post("application/proto", "", sent);
  EXPECT_EQ(connect.headers.get("x-head"), "one");
  EXPECT_EQ(connect.headers.get("trailer-x-tail"), "two");
}

TEST_F(DispatcherCalls, BringHeadersAndTrailersOfAnErrorToo) {
  get_is([](const Context& context, const notes::GetNoteRequest&) -> Result<notes::Note> {
    context.add_header("x-head", "one");
    context.add_trailer("x-tail", "two");
    return fail(Code::aborted, "");
  });
  const auto outcome = call();
  EXPECT_EQ(outcome.status.error().code(), Code::aborted);
  EXPECT_EQ(outcome.headers.get("x-head"), "one");
  EXPECT_EQ(outcome.trailers.get("x-tail"), "two");
}

TEST_F(DispatcherCalls, EndInInternalWhereAHandlerSetsWhatIsNoMetadata) {
  for (const auto& [name, value] : Fields{{"grpc-status", "0"},
                                          {"Content-Type", "text/html"},
                                          {"connect-x", "y"},
                                          {"x-split", "a\r\nset-cookie: b"},
                                          {"x-nul", std::string("a\0b", 3)},
                                          {"x name", "a"},
                                          {"", "a"}}) {
    get_is([&](const Context& context, const notes::GetNoteRequest&) {
      context.add_trailer(name, value);
      return note("");
    });
    const auto outcome = call();
    ASSERT_FALSE(outcome.status) << name;
    EXPECT_EQ(outcome.status.error().code(), Code::internal);
  }
}

TEST_F(DispatcherCalls, RefuseBinaryMetadataThatIsNoBase64WhereItIsRead) {
  get_is([](const Context& context, const notes::GetNoteRequest&) -> Result<notes::Note> {
    const auto value = context.metadata("x-data-bin");
    return value ? note("") : std::unexpected(value.error());
  });
  const auto answer = post("application/grpc", framed(""), {{"x-data-bin", "canary!"}});
  EXPECT_EQ(status_in(answer), "3");
  EXPECT_FALSE(answer.headers.get("grpc-message").value_or("canary").contains("canary"));
}

// --- time

TEST_F(DispatcherCalls, HaveADeadlineByTheClockOfTheServer) {
  testing::ManualClock clock;
  std::optional<Clock::SteadyTime> deadline;
  get_is(
      [&](const Context& context, const notes::GetNoteRequest&) -> Result<notes::Note> {
        deadline = context.deadline();
        EXPECT_TRUE(context.still_wanted());
        clock.advance(2s);
        const auto wanted = context.still_wanted();
        return wanted ? note("") : std::unexpected(wanted.error());
      },
      {.clock = clock, .default_timeout = 10s});
  const auto start = clock.steady();
  EXPECT_EQ(status_in(post("application/grpc", framed(""), {{"grpc-timeout", "1500m"}})), "4");
  EXPECT_EQ(deadline, start + 1500ms);
  EXPECT_EQ(post("application/proto", "", {{"connect-timeout-ms", "1500"}}).status, 504);
  EXPECT_EQ(status_in(post("application/grpc", framed(""))), "0");
  EXPECT_EQ(deadline, clock.steady() - 2s + 10s) << "the default";
  EXPECT_EQ(status_in(post("application/grpc", framed(""), {{"grpc-timeout", "99999999H"}})), "0");
  EXPECT_EQ(deadline, Clock::SteadyTime::max());
}

TEST_F(DispatcherCalls, HaveNoDeadlineWhereNobodySetsOne) {
  std::optional<Clock::SteadyTime> deadline;
  get_is(
      [&](const Context& context, const notes::GetNoteRequest&) {
        deadline = context.deadline();
        return note("");
      },
      {.default_timeout = 0s});
  EXPECT_TRUE(call().status);
  EXPECT_EQ(deadline, std::nullopt);
}

// The handler must not work for nobody, nor without an end.
TEST_F(DispatcherCalls, AreRefusedForADeadlineThatIsNoneBeforeTheirHandler) {
  get_is({});
  for (const char* timeout : {"", "1", "S", "123456789S", "-1S", "1.5S", "1s", " 1S", "1S ", "0x1S"}) {
    const int code = std::stoi(status_in(post("application/grpc", framed(""), {{"grpc-timeout", timeout}})));
    EXPECT_EQ(code, 13) << timeout;
    EXPECT_EQ(status_in(post("application/grpc", framed(""), {{"grpc-timeout", timeout}}, "Upload")), "13") << timeout;
    EXPECT_EQ(post("application/json", "{}", {{"connect-timeout-ms", timeout}}).status,
              timeout[0] == '1' && timeout[1] == 0 ? 200 : 400);
  }
  const int before = service_->entered();
  const auto get = testing::RpcCaller(*dispatcher_, kUser)
                       .send(http::Method::get, "/" + kService + "GetNote?connect=v1&encoding=json&message=%7B%7D", "",
                             {{"connect-timeout-ms", "soon"}});
  EXPECT_EQ(get.status, 400);
  EXPECT_EQ(service_->entered(), before);
}

TEST_F(DispatcherCalls, DoNotBeginWhenTheirTimeIsOver) {
  get_is({});
  EXPECT_EQ(status_in(post("application/grpc", framed(""), {{"grpc-timeout", "0S"}})), "4");
  EXPECT_EQ(status_in(post("application/grpc", framed(""), {{"grpc-timeout", "0n"}}, "Upload")), "4");
  EXPECT_EQ(post("application/proto", "", {{"connect-timeout-ms", "0"}}).status, 504);
  EXPECT_EQ(service_->entered(), 0);
}

TEST_F(DispatcherCalls, TellTheHandlerThatNobodyWaitsAnyMore) {
  const auto stop = std::make_unique<std::stop_source>();
  get_is([&](const Context& context, const notes::GetNoteRequest&) -> Result<notes::Note> {
    stop->request_stop();
    EXPECT_TRUE(context.stop_token().stop_requested());
    return std::unexpected(context.still_wanted().error());
  });
  http::Request request;
  request.start(http::Method::post, "/" + kService + "GetNote");
  request.mutable_headers().add("content-type", "application/grpc");
  request.mutable_headers().add("authorization", "Bearer user");
  request.mutable_body() = framed("");
  request.set_stop_token(stop->get_token());
  EXPECT_TRUE(dispatcher_->plan(request).stops);
  EXPECT_EQ(status_in(dispatcher_->serve(request)), "1");
}

// --- limits and compression

TEST_F(DispatcherCalls, HoldMessagesToTheLimitsBothWays) {
  get_is([](const Context&, const notes::GetNoteRequest& request) { return note(request.id() + request.id()); },
         {.max_received_bytes = 100, .max_sent_bytes = 150});
  const auto asked = [](std::size_t size) {  // a message of that size
    notes::GetNoteRequest request;
    request.set_id(std::string(size - 2, 'x'));
    return request.SerializeAsString();
  };
  EXPECT_TRUE(call("GetNote", {asked(75)}).status);
  EXPECT_EQ(call("GetNote", {asked(100)}).status.error().code(), Code::resource_exhausted) << "the answer is too large";
  EXPECT_EQ(call("GetNote", {asked(101)}).status.error().code(), Code::resource_exhausted);
  EXPECT_EQ(call("Upload", {std::string(100, '\0').replace(0, 2, "\x0a\x62"), asked(101)}).status.error().code(),
            Code::resource_exhausted);
  EXPECT_EQ(post("application/proto", asked(101)).status, 429);
  const int before = service_->entered();
  const std::string bomb = value_or_throw(gzip(asked(60).append(asked(60)).append(asked(60))));
  EXPECT_EQ(status_in(post("application/grpc", framed(bomb, kCompressed), {{"grpc-encoding", "gzip"}})), "8");
  EXPECT_EQ(service_->entered(), before);
}

TEST_F(DispatcherCalls, TakeAndGiveGzipInConnectAndRest) {
  get_is([](const Context& context, const notes::GetNoteRequest& request) {
    context.compress_answers(true);
    return note(request.id());
  });
  const Fields gzips{{"content-encoding", "gzip"}, {"accept-encoding", "gzip"}};
  const auto connect = post("application/json", value_or_throw(gzip(R"({"id":"a"})")), gzips);
  EXPECT_EQ(connect.status, 200);
  EXPECT_EQ(connect.headers.get("content-encoding"), "gzip");
  EXPECT_EQ(value_or_throw(gunzip(connect.body, 100)), R"({"title":"a"})");

  const testing::RpcCaller caller(*dispatcher_, {{"authorization", "Bearer admin"}});
  const auto get = caller.send(http::Method::get, "/v1/notes/a", "", {{"accept-encoding", "gzip"}});
  EXPECT_EQ(get.headers.get("content-encoding"), "gzip");
  EXPECT_TRUE(value_or_throw(gunzip(get.body, 200)).contains(R"("title":"a")"));
  const auto put =
      caller.send(http::Method::put, "/v1/notes/a", value_or_throw(gzip(R"({"title":"t"})")), {gzips.front()});
  EXPECT_EQ(put.status, 200);
  EXPECT_TRUE(put.body.contains(R"("title":"t")")) << put.body;
}

}  // namespace
}  // namespace mcdsl::grpcserver
