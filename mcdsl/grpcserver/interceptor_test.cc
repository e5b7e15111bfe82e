#include "mcdsl/grpcserver/interceptor.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/grpcserver/dispatcher.h"
#include "mcdsl/grpcserver/internal/messages.h"
#include "mcdsl/grpcserver/internal/notes_for_test.h"
#include "mcdsl/http/request_id.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/rpc_caller.h"

namespace mcdsl::grpcserver {
namespace {

using namespace std::chrono_literals;
using Fields = testing::RpcCaller::Fields;

const std::string kService = "mcdsl.test.v1.NotesService/";
const TokensForTest kTokens;

// A call without a protocol around it. Its messages are notes.
class Alone {
 public:
  explicit Alone(auth::Access access, std::string_view token = {}) : access_(std::move(access)) {
    request_.start(http::Method::post, "/" + kService + "GetNote");
    if (!token.empty()) {
      request_.mutable_headers().add("authorization", "Bearer " + std::string(token));
    }
  }

  Result<void> make(const CallHandler& handler) {
    Call call{notes::Note::descriptor()->file()->service(0)->method(0), access_, context_, reader_, writer_};
    return handler(call);
  }
  [[nodiscard]] const Context& context() const { return context_; }
  [[nodiscard]] http::Request& request() { return request_; }

 private:
  struct Two final : MessageReader {
    Result<bool> read(google::protobuf::Message& into) override {
      dynamic_cast<notes::Note&>(into).set_title(std::to_string(++count));
      return count <= 2;
    }
    Result<void> expect_end() override {
      ends_asked_for = true;
      return {};
    }
    int count = 0;
    bool ends_asked_for = false;
  };
  struct Nowhere final : MessageWriter {
    Result<void> write(const google::protobuf::Message& /*message*/) override { return {}; }
  };

  auth::Access access_;
  http::Request request_;
  Context context_{request_, "mcdsl.test.v1.NotesService/GetNote", std::nullopt};
  Two reader_;
  Nowhere writer_;
};

const CallHandler kGood = [](Call&) { return Result<void>(); };

CallHandler fails_with(Error error) {
  return [error = std::move(error)](Call&) -> Result<void> { return std::unexpected(error); };
}

TEST(Recover, MakesAnythingThrownAnErrorAndLeavesResultsAlone) {
  Alone call(auth::Access::open());
  EXPECT_TRUE(call.make(recover()(kGood)));
  EXPECT_EQ(call.make(recover()(fails_with({Code::not_found, ""}))).error().code(), Code::not_found);
  const auto number = call.make(recover()([](Call&) -> Result<void> { throw 7; }));
  EXPECT_EQ(number.error().code(), Code::internal);
  const auto away =
      call.make(recover()([](Call&) -> Result<void> { throw Exception(Code::unavailable, "the database is away"); }));
  EXPECT_EQ(away.error().code(), Code::unavailable);
  EXPECT_EQ(away.error().public_text(), Error(Code::unavailable, "").public_text());
}

TEST(Authenticate, LeavesTheCallerInTheContext) {
  Alone call(auth::Access::user(), "user");
  EXPECT_EQ(call.context().find_caller(), nullptr);
  EXPECT_THROW((void)call.context().caller(), Exception);
  EXPECT_TRUE(call.make(authenticate(&kTokens)([](Call& made) {
    EXPECT_EQ(made.context.caller().username, "ada");
    return Result<void>();
  })));
}

TEST(Authenticate, EntersNothingForOneWhoMayNot) {
  bool entered = false;
  const auto guarded = authenticate(&kTokens)([&](Call&) {
    entered = true;
    return Result<void>();
  });
  EXPECT_EQ(Alone(auth::Access::user()).make(guarded).error().code(), Code::unauthenticated);
  EXPECT_EQ(Alone(auth::Access::user(), "stolen").make(guarded).error().code(), Code::unauthenticated);
  EXPECT_EQ(Alone(auth::Access::user(), "guest").make(guarded).error().code(), Code::permission_denied);
  EXPECT_EQ(Alone(auth::Access::user(), "down").make(guarded).error().code(), Code::unavailable);
  EXPECT_FALSE(entered);
}

TEST(Validate, ShowsEachMessageBeforeTheHandlerSeesIt) {
  std::string seen;
  const auto checked = validate([&](const google::protobuf::Message& message) -> Result<void> {
    seen += dynamic_cast<const notes::Note&>(message).title();
    return seen == "12" ? fail_visible(Code::invalid_argument, "two") : Result<void>();
  })([&](Call& call) -> Result<void> {
    notes::Note note;
    EXPECT_TRUE(value_or_throw(call.reader.read(note)));
    EXPECT_TRUE(call.reader.expect_end());
    const auto second = call.reader.read(note);
    return second ? Result<void>() : std::unexpected(second.error());
  });
  const auto result = Alone(auth::Access::open()).make(checked);
  EXPECT_EQ(seen, "12");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().public_text(), "two");
}

TEST(Validate, HasNothingToSayOfTheEnd) {
  int checks = 0;
  const auto checked = validate([&](const google::protobuf::Message&) -> Result<void> {
    ++checks;
    return {};
  })([&](Call& call) -> Result<void> {
    notes::Note note;
    while (value_or_throw(call.reader.read(note))) {
    }
    return {};
  });
  EXPECT_TRUE(Alone(auth::Access::open()).make(checked));
  EXPECT_EQ(checks, 2);
}

TEST(AccessLog, WritesWhatTheOperatorNeeds) {
  testing::LogCapture log;
  testing::ManualClock clock;
  Alone call(auth::Access::user(), "user");
  call.request().set_peer({.address = "192.0.2.7"});
  call.request().set(http::RequestId{"r-1"});
  const auto logged = access_log(log.logger(), clock)(authenticate(&kTokens)([&](Call&) -> Result<void> {
    clock.advance(1500ms);
    return fail(Code::unavailable, "the disk is full");
  }));
  EXPECT_FALSE(call.make(logged));
  const std::string line = log.text();
  for (const std::string_view piece :
       {"level=warn", "msg=rpc", "method=mcdsl.test.v1.NotesService/GetNote", "code=unavailable", "duration=1.5 ",
        "client=192.0.2.7", "request_id=r-1", "user=ada", "the disk is full"}) {
    EXPECT_TRUE(line.contains(piece)) << piece << " is missing in " << line;
  }
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
}

TEST(AccessLog, IsLouderTheMoreItIsOurFault) {
  for (const auto& [code, level] : {std::pair{Code::not_found, "level=info"},
                                    {Code::cancelled, "level=info"},
                                    {Code::unauthenticated, "level=info"},
                                    {Code::unavailable, "level=warn"},
                                    {Code::internal, "level=error"},
                                    {Code::unknown, "level=error"},
                                    {Code::data_loss, "level=error"}}) {
    testing::LogCapture log;
    EXPECT_FALSE(Alone(auth::Access::open()).make(access_log(log.logger())(fails_with({code, ""}))));
    EXPECT_TRUE(log.contains(level)) << log.text();
  }
}

TEST(CallMetrics, CountCallsByMethodAndCode) {
  metrics::Registry registry;
  testing::ManualClock clock;
  const auto interceptor = call_metrics(registry, clock);
  const auto good = interceptor([&](Call&) {
    EXPECT_TRUE(registry.expose().contains("rpc_calls_in_flight 1\n"));
    clock.advance(20ms);
    return Result<void>();
  });
  EXPECT_TRUE(Alone(auth::Access::open()).make(good));
  EXPECT_TRUE(Alone(auth::Access::open()).make(good));
  EXPECT_FALSE(Alone(auth::Access::open()).make(interceptor(fails_with({Code::not_found, ""}))));
  const std::string page = registry.expose();
  const std::string method = "method=\"mcdsl.test.v1.NotesService/GetNote\"";
  EXPECT_TRUE(page.contains("rpc_calls_total{code=\"ok\"," + method + "} 2\n")) << page;
  EXPECT_TRUE(page.contains("rpc_calls_total{code=\"not_found\"," + method + "} 1\n")) << page;
  EXPECT_TRUE(page.contains("rpc_call_duration_seconds_count{" + method + "} 3\n")) << page;
  EXPECT_TRUE(page.contains("rpc_calls_in_flight 0\n"));
}

// --- in a dispatcher: one line and one count for each call, and nothing of the client's in them

class DispatcherRecords : public ::testing::Test {
 protected:
  [[nodiscard]] int lines() const {
    const std::string text = log_.text();
    return static_cast<int>(std::ranges::count(text, '\n'));
  }

  testing::LogCapture log_;
  metrics::Registry registry_;
  NotesForTest service_{[](const Context& context, const notes::GetNoteRequest& request) -> Result<notes::Note> {
    context.add_header("x-canary", "canary");
    context.add_trailer("x-canary", "canary");
    if (request.id() == "canary missing") {
      return fail(Code::not_found, "no such note");
    }
    notes::Note note;
    note.set_title("canary");
    return note;
  }};
  const Dispatcher dispatcher_{{&service_}, {.verifier = &kTokens, .logger = log_.logger(), .registry = &registry_}};
};

TEST_F(DispatcherRecords, AreOneForEachCallAndHoldNothingOfTheClients) {
  const testing::RpcCaller caller(dispatcher_);
  const std::string get = "/" + kService + "GetNote";
  struct Sent {
    http::Method method;
    std::string target;
    std::string body;
    Fields fields;
  };
  notes::GetNoteRequest missing;
  missing.set_id("canary missing");
  const std::vector<Sent> all{
      {http::Method::post, get, framed(missing.SerializeAsString()), {{"content-type", "application/grpc"}}},
      {http::Method::post, get, framed("\xff canary"), {{"content-type", "application/grpc"}}},
      {http::Method::post, get, "canary", {{"content-type", "application/grpc"}}},
      {http::Method::post, get, R"({"id": {"id": "canary"}})", {{"content-type", "application/json"}}},
      {http::Method::post, get, R"({"id": "canary)", {{"content-type", "application/json"}}},
      {http::Method::post, get, framed("canary", 1), {{"content-type", "application/grpc"}, {"grpc-encoding", "gzip"}}},
      {http::Method::post, get, "", {{"content-type", "application/grpc"}, {"grpc-encoding", "canary"}}},
      {http::Method::post, get, "", {{"content-type", "application/grpc"}, {"grpc-timeout", "canary"}}},
      {http::Method::post, "/" + kService + "Upload", framed("canary"), {{"content-type", "application/grpc"}}},
      {http::Method::post, "/canary.Service/Get", "canary", {{"content-type", "application/grpc+json"}}},
      {http::Method::get, get + "?encoding=json&message=canary", "", {}},
      {http::Method::get, "/v1/notes/x?id=canary", "", {}},
      {http::Method::put, "/v1/notes/x", "canary", {}},
      {http::Method::put, "/v1/notes/x", R"({"size": "canary"})", {}},
      {http::Method::get, "/v1/notes?count=canary", "", {}},
  };
  for (const std::string token : {"admin", "canary"}) {
    for (Sent sent : all) {
      sent.fields.emplace_back("authorization", "Bearer " + token);
      sent.fields.emplace_back("x-canary", "canary");
      sent.fields.emplace_back("x-canary-bin", "Y2FuYXJ5");
      (void)caller.send(sent.method, sent.target, sent.body, sent.fields);
    }
  }
  EXPECT_EQ(lines(), static_cast<int>(all.size()) * 2) << log_.text();
  std::string text = log_.text();
  // The path of a method that there is not is what the operator looks for.
  for (std::size_t at = 0; (at = text.find("method=/canary.Service/Get")) != std::string::npos;) {
    text.erase(at, std::string_view("method=/canary.Service/Get").size());
  }
  EXPECT_FALSE(text.contains("canary")) << text;
  const std::string page = registry_.expose();
  EXPECT_FALSE(page.contains("canary")) << page;
  EXPECT_TRUE(page.contains(R"(rpc_calls_total{code="unauthenticated",method="unknown"} 1)")) << page;
  EXPECT_TRUE(page.contains(R"(rpc_calls_total{code="unimplemented",method="unknown"} 1)")) << page;
}

TEST_F(DispatcherRecords, NameAStreamOnceHoweverManyMessagesItHas) {
  const auto outcome = testing::RpcCaller(dispatcher_).call(kService + "Echo", {"", "", ""});
  EXPECT_EQ(outcome.messages.size(), 3U);
  EXPECT_EQ(lines(), 1);
  EXPECT_TRUE(log_.contains("method=mcdsl.test.v1.NotesService/Echo code=ok"));
}

TEST_F(DispatcherRecords, MakeNoSeriesForEachNameThatACallerInvents) {
  const testing::RpcCaller caller(dispatcher_);
  const auto series = [&] {
    const std::string page = registry_.expose();
    return std::ranges::count(page, '\n');
  };
  (void)caller.call("a.B/C", {""});
  const auto before = series();
  for (int i = 0; i < 100; ++i) {
    (void)caller.call("a.B/C" + std::to_string(i), {""});
  }
  EXPECT_EQ(series(), before);
}

}  // namespace
}  // namespace mcdsl::grpcserver
