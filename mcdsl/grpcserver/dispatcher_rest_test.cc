// Calls by google.api.http, from the request to the answer.
#include <string>
#include <vector>

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "mcdsl/grpcserver/dispatcher.h"
#include "mcdsl/grpcserver/internal/compression.h"
#include "mcdsl/grpcserver/internal/notes_for_test.h"
#include "mcdsl/grpcserver/internal/service_of_text_for_test.h"
#include "mcdsl/testing/rpc_caller.h"

namespace mcdsl::grpcserver {
namespace {

using Fields = testing::RpcCaller::Fields;
using http::Method;
using test::Everything;

// Each answers with what it was asked, so the answer shows how the request was read.
constexpr const char* kMethods = R"(
    rpc Get(Everything) returns (Everything) {
      option (google.api.http) = {
        get: "/v1/things/{text}"
        additional_bindings { get: "/v1/inner/{inner.text}/of/{inner.small}" }
        additional_bindings { get: "/v1/colors/{color}" }
        additional_bindings { get: "/v1/files/{text=**}" }
        additional_bindings { get: "/v1/{text=shelves/*/books/*}:read" }
      };
    }
    rpc Put(Everything) returns (Everything) {
      option (google.api.http) = {put: "/v1/things/{text}" body: "inner"};
    }
    rpc Post(Everything) returns (Everything) {
      option (google.api.http) = {post: "/v1/things/{text}" body: "*"};
    }
    rpc Patch(Everything) returns (Pair) {
      option (google.api.http) = {patch: "/v1/things/{text}" body: "*" response_body: "first"};
    }
    rpc Delete(Everything) returns (google.protobuf.Empty) {
      option (google.api.http) = {delete: "/v1/things/{text}"};
    }
    rpc Options(Everything) returns (Everything) {
      option (google.api.http) = {custom: {kind: "OPTIONS" path: "/v1/custom/{text}"}};
    }
    rpc Down(Everything) returns (stream Everything) {
      option (google.api.http) = {post: "/v1/streams" body: "*"};
    }
    rpc DownFirst(Everything) returns (stream Pair) {
      option (google.api.http) = {get: "/v1/streams/first" response_body: "first"};
    })";

class DispatcherRest : public ::testing::Test {
 protected:
  DispatcherRest() : service_(open(kMethods)) {}

  static std::string open(std::string methods) {
    for (std::size_t at = 0; (at = methods.find(") {\n", at)) != std::string::npos; ++at) {
      methods.insert(at + 3, " option (mcdsl.v1.access) = \"open\";");
    }
    return methods;
  }

  [[nodiscard]] http::Response send(Method method, const std::string& target, std::string body = {},
                                    const Fields& fields = {}) const {
    return caller_.send(method, target, std::move(body), fields);
  }

  // The request as its method read it, where it did; what is a default is left out.
  [[nodiscard]] std::string read(Method method, const std::string& target, std::string body = {}) const {
    const auto answer = send(method, target, std::move(body));
    EXPECT_EQ(answer.headers.get("content-type"), "application/json");
    if (answer.status != 200) {
      return std::to_string(answer.status);
    }
    Everything message;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(answer.body, &message).ok()) << answer.body;
    return message.ShortDebugString();
  }

  ServiceOfText service_;
  const Dispatcher dispatcher_{{&service_}, {.max_received_bytes = 2000}};
  const testing::RpcCaller caller_{dispatcher_};
};

TEST_F(DispatcherRest, ReadsFieldsFromThePath) {
  EXPECT_EQ(read(Method::get, "/v1/things/a%20b%2Fc"), R"(text: "a b/c")");
  EXPECT_EQ(read(Method::get, "/v1/inner/x/of/-5"), R"(inner { small: -5 text: "x" })");
  EXPECT_EQ(read(Method::get, "/v1/colors/COLOR_RED"), "color: COLOR_RED");
  EXPECT_EQ(read(Method::get, "/v1/files/a/b%2Fc/d"), R"(text: "a/b%2Fc/d")");
  EXPECT_EQ(read(Method::get, "/v1/shelves/1/books/2:read"), R"(text: "shelves/1/books/2")");
}

TEST_F(DispatcherRest, ReadsFieldsFromTheQuery) {
  EXPECT_EQ(read(Method::get, "/v1/things/a?numbers=1&numbers=2&tags=x&inner.flag=true&inner.inner.text=deep"),
            R"(text: "a" inner { flag: true inner { text: "deep" } } numbers: 1 numbers: 2 tags: "x")");
  EXPECT_EQ(read(Method::get, "/v1/things/a?color=COLOR_BLUE&colors=1&colors=COLOR_BLUE&smallNatural=7"),
            R"(small_natural: 7 text: "a" color: COLOR_BLUE colors: COLOR_RED colors: COLOR_BLUE)");
}

TEST_F(DispatcherRest, RefusesWhatDoesNotFit) {
  for (const char* target :
       {"/v1/inner/x/of/many", "/v1/colors/COLOR_OF_NOTHING", "/v1/things/a?nope=1", "/v1/things/a?text=b",
        "/v1/things/a?small=1&small=2", "/v1/things/a?small=1.5", "/v1/things/a?flag=yes", "/v1/things/a?inner=1",
        "/v1/things/a?labels=1", "/v1/things/a?data=%21", "/v1/things/a?tags=%ff", "/v1/things/a?small=%zz",
        "/v1/things/a?small=99999999999", "/v1/things/a?many.text=1", "/v1/things/a?left=1&right=2"}) {
    EXPECT_EQ(read(Method::get, target), "400") << target;
  }
}

TEST_F(DispatcherRest, ReadsABodyThatIsOneField) {
  EXPECT_EQ(read(Method::put, "/v1/things/a?small=1", R"({"text": "b"})"), R"(small: 1 text: "a" inner { text: "b" })");
  EXPECT_EQ(read(Method::put, "/v1/things/a"), R"(text: "a")");
  EXPECT_EQ(read(Method::put, "/v1/things/a?inner.text=b", "{}"), "400") << "the body is for that";
}

TEST_F(DispatcherRest, ReadsABodyThatIsTheMessage) {
  EXPECT_EQ(read(Method::post, "/v1/things/a", R"({"small": 1, "text": "b"})"), R"(small: 1 text: "a")")
      << "the path wins";
  EXPECT_EQ(read(Method::post, "/v1/things/a"), R"(text: "a")");
  EXPECT_EQ(read(Method::post, "/v1/things/a?small=1", "{}"), "400") << "no query beside a body that has every field";
}

TEST_F(DispatcherRest, RefusesBodiesThatAreNoMessage) {
  const auto nested = [](int depth) {
    std::string json;
    for (int i = 0; i < depth; ++i) {
      json += R"({"inner":)";
    }
    return json + "{}" + std::string(static_cast<std::size_t>(depth), '}');
  };
  EXPECT_EQ(read(Method::post, "/v1/things/a", nested(20)).substr(0, 9), R"(text: "a")");
  for (const std::string& body :
       {std::string(R"({"nope": 1})"), std::string(R"({"small": "many"})"), std::string(R"({"small": 1, "small": 2})"),
        std::string("[]"), std::string("1"), std::string("null"), std::string("{"), std::string("{} {}"),
        std::string("{\"text\": \"\xff\"}"), std::string(R"({"color": "COLOR_OF_NOTHING"})"),
        std::string(R"({"small": 1,})"), nested(101)}) {
    EXPECT_EQ(read(Method::post, "/v1/things/a", body), "400") << body;
  }
  EXPECT_EQ(read(Method::get, "/v1/things/a", "{}"), "400") << "a route without a body";
}

TEST_F(DispatcherRest, AnswersWithAFieldWhereTheRuleSaysSo) {
  EXPECT_EQ(read(Method::patch, "/v1/things/a", R"({"small": 1})"), R"(small: 1 text: "a")");
}

TEST_F(DispatcherRest, AnswersEmptyWithNothing) {
  const auto answer = send(Method::delete_, "/v1/things/a");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.body, "");
  EXPECT_FALSE(answer.headers.contains("content-type"));
}

TEST_F(DispatcherRest, SaysWhichMethodsAPathHas) {
  const auto wrong = send(Method::patch, "/v1/colors/COLOR_RED");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.get("allow"), "GET, HEAD, OPTIONS");
  const auto options = send(Method::options, "/v1/things/a");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers.get("allow"), "DELETE, GET, HEAD, PATCH, POST, PUT, OPTIONS");
  EXPECT_EQ(read(Method::options, "/v1/custom/a"), R"(text: "a")") << "a method of the service's own";
}

TEST_F(DispatcherRest, LeavesPathsThatAreNobodysToOthers) {
  for (const char* path : {"/", "/v1", "/v1/things", "/v1/things/", "/v1/things/a/b", "/v1/shelves/1/books/2",
                           "/v1/things/%ff", "/V1/things/a"}) {
    http::Request request;
    request.start(Method::get, path);
    EXPECT_FALSE(dispatcher_.takes(request)) << path;
  }
}

TEST_F(DispatcherRest, RefusesMediaTypesAndCodingsItDoesNotKnow) {
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "application/proto", ""}) {
    for (const char* target : {"/v1/things/a", "/v1/streams"}) {
      EXPECT_EQ(send(Method::post, target, "{}", {{"content-type", type}}).status, 415) << type << " at " << target;
    }
  }
  EXPECT_EQ(send(Method::post, "/v1/things/a", "{}", {{"content-type", "Application/JSON; charset=utf-8"}}).status,
            200);
  EXPECT_EQ(send(Method::post, "/v1/things/a", "{}", {{"content-encoding", "br"}}).status, 415);
  EXPECT_EQ(send(Method::post, "/v1/things/a", "{}", {{"content-encoding", "gzip"}}).status, 400) << "it is not";
}

TEST_F(DispatcherRest, RefusesBodiesAboveTheLimit) {
  const auto body = [](std::size_t size) { return R"({"text":")" + std::string(size - 11, 'x') + "\"}"; };
  for (const char* target : {"/v1/things/a", "/v1/streams"}) {
    EXPECT_EQ(send(Method::post, target, body(2000)).status, 200) << target;
    EXPECT_EQ(send(Method::post, target, body(2001)).status, 413) << target;
    EXPECT_EQ(send(Method::post, target, value_or_throw(gzip(body(2001))), {{"content-encoding", "gzip"}}).status, 413)
        << target;
  }
}

TEST_F(DispatcherRest, AnswersHeadAsGet) {
  const auto head = send(Method::head, "/v1/things/a");
  const auto get = send(Method::get, "/v1/things/a");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, get.body) << "the server leaves it away, and says its length";
}

TEST_F(DispatcherRest, StreamsOneMessageOnALine) {
  const auto answer = send(Method::post, "/v1/streams", R"({"text": "a"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("content-type"), "application/x-ndjson");
  const std::size_t half = answer.body.size() / 2;
  EXPECT_EQ(answer.body.substr(0, half), answer.body.substr(half)) << "twice the same";
  EXPECT_EQ(answer.body.find('\n'), half - 1);
  Everything message;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(answer.body.substr(0, half), &message).ok());
  EXPECT_EQ(message.text(), "a");
}

TEST_F(DispatcherRest, StreamsTheFieldThatTheRuleSays) {
  const auto answer = send(Method::get, "/v1/streams/first?text=a");
  Everything message;
  EXPECT_TRUE(
      google::protobuf::util::JsonStringToMessage(answer.body.substr(0, answer.body.find('\n')), &message).ok());
  EXPECT_EQ(message.text(), "a");
}

TEST_F(DispatcherRest, RefusesAStreamAsAnyOtherRequest) {
  const auto answer = send(Method::post, "/v1/streams", R"({"nope": 1})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.headers.get("content-type"), "application/json");
  EXPECT_TRUE(answer.body.starts_with(R"({"error":")")) << answer.body;
}

TEST_F(DispatcherRest, SetsTheHeadersOfAnApi) {
  for (const auto& answer : {send(Method::get, "/v1/things/a"), send(Method::get, "/v1/things/a?nope=1"),
                             send(Method::delete_, "/v1/things/a"), send(Method::post, "/v1/streams", "{}"),
                             send(Method::post, "/v1/streams", "[]")}) {
    EXPECT_EQ(answer.headers.get("x-content-type-options"), "nosniff");
    EXPECT_EQ(answer.headers.get("cache-control"), "no-store");
    EXPECT_TRUE(answer.headers.contains("content-security-policy"));
  }
}

// A stream that ends in the middle says so in a last line.
TEST(DispatcherRestStream, EndsWithTheErrorWhereMessagesHaveLeft) {
  class Breaks final : public ServiceBase {
   public:
    std::vector<grpcserver::Method> methods() override {
      return {{notes::Note::descriptor()->file()->FindServiceByName("NotesService")->FindMethodByName("ListNotes"),
               [](const Context&, MessageReader&, MessageWriter& writer) -> Result<void> {
                 if (auto written = writer.write(notes::Note()); !written) {
                   return written;
                 }
                 return fail(Code::data_loss, "a secret of the operator's");
               }}};
    }
  };
  Breaks service;
  const Dispatcher dispatcher({&service}, {.access = {{"mcdsl.test.v1.NotesService", auth::Access::open()}}});
  const auto answer = testing::RpcCaller(dispatcher).send(Method::get, "/v1/notes", "", {});
  EXPECT_EQ(answer.status, 200);
  const std::string last = answer.body.substr(answer.body.find('\n') + 1);
  EXPECT_EQ(last, "{\"error\":\"" + std::string(Error(Code::data_loss, "").public_text()) + "\"}\n");
}

}  // namespace
}  // namespace mcdsl::grpcserver
