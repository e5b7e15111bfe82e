// Who may call: every kind of caller against every method in every protocol.
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/grpcserver/dispatcher.h"
#include "mcdsl/grpcserver/internal/notes_for_test.h"
#include "mcdsl/grpcserver/internal/status.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/rpc_caller.h"

namespace mcdsl::grpcserver {
namespace {

using Fields = testing::RpcCaller::Fields;

constexpr int kOk = 0;

struct Way {
  std::string name;
  std::string content_type;
};

const std::vector<Way> kWays{
    {"gRPC", "application/grpc"},
    {"gRPC in JSON", "application/grpc+json"},
    {"gRPC-Web", "application/grpc-web+proto"},
    {"gRPC-Web in JSON", "application/grpc-web+json"},
    {"Connect", "application/proto"},
    {"Connect in JSON", "application/json"},
    {"Connect stream", "application/connect+proto"},
    {"Connect stream in JSON", "application/connect+json"},
};

struct MethodCase {
  std::string name;
  bool streams;
  std::string access;
};

const std::vector<MethodCase> kMethods{{"GetNote", false, "user"},  {"PutNote", false, "admin"},
                                       {"ListNotes", true, "user"}, {"Upload", true, "user"},
                                       {"Echo", true, "open"},      {"Ping", false, "open"}};

// What gRPC would say; each protocol's own place for it.
int code_in(const http::Response& answer, const std::string& content_type) {
  if (content_type.starts_with("application/grpc-web")) {
    const std::size_t at = answer.body.rfind("grpc-status: ");
    return at == std::string::npos ? -1 : std::stoi(answer.body.substr(at + 13));
  }
  if (content_type.starts_with("application/grpc")) {
    const auto status = answer.trailers.get("grpc-status");
    return std::stoi(std::string(status ? *status : answer.headers.get("grpc-status").value_or("-1")));
  }
  const std::size_t at = answer.body.find(R"("code":")");
  if (at == std::string::npos) {
    return answer.status == 200 ? kOk : -1;
  }
  const std::size_t begin = at + 8;
  const auto code = code_of_connect_name(answer.body.substr(begin, answer.body.find('"', begin) - begin));
  return code ? static_cast<int>(*code) : -1;
}

class DispatcherAccess : public ::testing::Test {
 protected:
  static Fields fields(const std::string& token, const std::string& content_type = {}) {
    Fields all;
    if (!token.empty()) {
      all.emplace_back("authorization", "Bearer " + token);
    }
    if (!content_type.empty()) {
      all.emplace_back("content-type", content_type);
    }
    return all;
  }

  static std::string empty_message(const std::string& content_type) {
    const std::string message = content_type.ends_with("json") ? "{}" : "";
    return content_type == "application/json" || content_type == "application/proto" ? message : framed(message);
  }

  [[nodiscard]] int post(const std::string& path, const std::string& token, const std::string& content_type) const {
    return code_in(caller_.send(http::Method::post, path, empty_message(content_type), fields(token, content_type)),
                   content_type);
  }

  NotesForTest service_;
  const TokensForTest tokens_;
  const Dispatcher dispatcher_{{&service_}, {.verifier = &tokens_}};
  const testing::RpcCaller caller_{dispatcher_};
};

int expected(const std::string& access, const std::string& token) {
  if (access == "open" || token == "admin" || (token == "user" && access == "user")) {
    return kOk;
  }
  if (token == "down") {
    return static_cast<int>(Code::unavailable);
  }
  return static_cast<int>(token == "guest" || token == "user" || token == "system" ? Code::permission_denied
                                                                                   : Code::unauthenticated);
}

const std::vector<std::string> kTokens{"", "garbage", "expired", "guest", "user", "admin", "system", "down"};

TEST_F(DispatcherAccess, HoldsForEveryMethodInEveryProtocol) {
  for (const MethodCase& method : kMethods) {
    for (const Way& way : kWays) {
      if ((way.name.starts_with("Connect stream") && !method.streams) ||
          (way.name.starts_with("Connect") && !way.name.starts_with("Connect stream") && method.streams)) {
        continue;
      }
      for (const std::string& token : kTokens) {
        const int before = service_.entered();
        const int code = post("/mcdsl.test.v1.NotesService/" + method.name, token, way.content_type);
        const int want = expected(method.access, token);
        EXPECT_EQ(code, want) << method.name << " by " << way.name << " with \"" << token << '"';
        EXPECT_EQ(service_.entered() - before, want == kOk ? 1 : 0) << method.name << " by " << way.name;
      }
    }
  }
  EXPECT_EQ(service_.without_caller(), 0);
}

TEST_F(DispatcherAccess, HoldsForEveryRouteOfRest) {
  struct Route {
    http::Method method;
    std::string target;
    std::string access;
  };
  const std::map<int, int> statuses{{kOk, 200},
                                    {static_cast<int>(Code::unauthenticated), 401},
                                    {static_cast<int>(Code::permission_denied), 403},
                                    {static_cast<int>(Code::unavailable), 503}};
  for (const Route& route : {Route{http::Method::get, "/v1/notes/1", "user"},
                             {http::Method::head, "/v1/notes/1", "user"},
                             {http::Method::put, "/v1/notes/1", "admin"},
                             {http::Method::get, "/v1/notes?count=1", "user"}}) {
    for (const std::string& token : kTokens) {
      const int before = service_.entered();
      const auto answer = caller_.send(route.method, route.target, "", fields(token));
      const int want = expected(route.access, token);
      EXPECT_EQ(answer.status, statuses.at(want)) << route.target << " with \"" << token << '"';
      EXPECT_EQ(answer.headers.contains("www-authenticate"), answer.status == 401);
      EXPECT_EQ(service_.entered() - before, want == kOk ? 1 : 0);
    }
  }
  EXPECT_EQ(service_.without_caller(), 0);
}

TEST_F(DispatcherAccess, HoldsForConnectsGet) {
  for (const std::string& token : kTokens) {
    const int before = service_.entered();
    const auto answer =
        caller_.send(http::Method::get, "/mcdsl.test.v1.NotesService/GetNote?connect=v1&encoding=json&message=%7B%7D",
                     "", fields(token));
    const int want = expected("user", token);
    EXPECT_EQ(code_in(answer, "application/json"), want) << token;
    EXPECT_EQ(service_.entered() - before, want == kOk ? 1 : 0);
  }
}

TEST_F(DispatcherAccess, LetsNobodyInWhoBringsTwoTokensOrOtherCredentials) {
  for (const Fields& fields : {Fields{{"authorization", "Bearer admin"}, {"authorization", "Bearer admin"}},
                               Fields{{"authorization", "Basic YWRtaW46YWRtaW4="}},
                               Fields{{"authorization", "Bearer "}}, Fields{{"authorization", "admin"}},
                               Fields{{"cookie", "token=admin"}}, Fields{{"x-authorization", "Bearer admin"}}}) {
    Fields all = fields;
    all.emplace_back("content-type", "application/grpc");
    const auto answer =
        caller_.send(http::Method::post, "/mcdsl.test.v1.NotesService/GetNote", empty_message("application/grpc"), all);
    EXPECT_EQ(code_in(answer, "application/grpc"), 16);
  }
  EXPECT_EQ(service_.entered(), 0);
}

// Who may not call learns nothing of what is wrong with the call.
TEST_F(DispatcherAccess, IsAskedBeforeTheCallIsRead) {
  const std::string path = "/mcdsl.test.v1.NotesService/Upload";
  for (const auto& [name, value] :
       Fields{{"grpc-timeout", "soon"}, {"grpc-encoding", "br"}, {"x-fine", "and the frame is cut"}}) {
    for (const std::string token : {"", "user"}) {
      Fields all = fields(token, "application/grpc");
      all.emplace_back(name, value);
      const int code = code_in(caller_.send(http::Method::post, path, "\x01", all), "application/grpc");
      EXPECT_EQ(code == 16, token.empty()) << name;
      EXPECT_NE(code, kOk);
    }
  }
}

// A random method: of this service, of others, of names that are none.
std::string random_path(std::mt19937& random) {
  constexpr std::string_view kLetters = "abcXYZ019._-~%+";
  std::string name = random() % 2 == 0 ? "/mcdsl.test.v1.NotesService/" : "/";
  for (std::size_t i = 1 + random() % 30; i > 0; --i) {
    name.push_back(kLetters[random() % kLetters.size()]);
  }
  return name;
}

TEST_F(DispatcherAccess, TellsNobodyWithoutATokenWhichMethodsThereAre) {
  constexpr int kNames = 10'000;
  std::mt19937 random(20);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same names each time
  for (int i = 0; i < kNames; ++i) {
    const std::string path = random_path(random);
    const Way& way = kWays[random() % 5];  // JSON for a path of nobody's is not ours to take
    ASSERT_EQ(post(path, "", way.content_type), 16) << path << " by " << way.name;
    ASSERT_EQ(post(path, "guest", way.content_type), 12) << path << " by " << way.name;
  }
  EXPECT_EQ(service_.entered(), 0);
}

TEST_F(DispatcherAccess, IsByTheOptionsBeforeTheProtoFile) {
  const Dispatcher other({&service_}, {.verifier = &tokens_,
                                       .access = {{"mcdsl.test.v1.NotesService", auth::Access::system()},
                                                  {"mcdsl.test.v1.NotesService/Ping", auth::Access::admin()}}});
  std::map<std::string, std::string> rules;
  for (const auto& entry : other.entries()) {
    rules[entry.name.substr(entry.name.find('/') + 1)] = entry.access.to_string();
  }
  EXPECT_EQ(rules, (std::map<std::string, std::string>{{"GetNote", "system"},
                                                       {"PutNote", "system"},
                                                       {"ListNotes", "system"},
                                                       {"Upload", "system"},
                                                       {"Echo", "system"},
                                                       {"Ping", "admin"}}));
  const auto code = [&](const std::string& method, const std::string& token) {
    const auto outcome = testing::RpcCaller(other, fields(token)).call("mcdsl.test.v1.NotesService/" + method, {""});
    return outcome.status ? kOk : static_cast<int>(outcome.status.error().code());
  };
  EXPECT_EQ(code("GetNote", "system"), kOk);
  EXPECT_EQ(code("GetNote", "admin"), 7);
  EXPECT_EQ(code("Ping", "admin"), kOk);
  EXPECT_EQ(code("Ping", "system"), 7);
  EXPECT_EQ(code("Echo", ""), 16);
}

TEST_F(DispatcherAccess, IsForNobodyButOpenMethodsWithoutAVerifier) {
  const Dispatcher closed({&service_});
  for (const MethodCase& method : kMethods) {
    const auto outcome =
        testing::RpcCaller(closed, fields("admin")).call("mcdsl.test.v1.NotesService/" + method.name, {""});
    EXPECT_EQ(outcome.status.has_value(), method.access == "open") << method.name;
    if (!outcome.status) {
      EXPECT_EQ(outcome.status.error().code(), Code::unauthenticated);
    }
  }
}

// A verifier that breaks lets nobody in.
TEST_F(DispatcherAccess, IsDeniedWhereTheVerifierThrowsOrKnowsNobody) {
  class Broken final : public auth::TokenVerifier {
   public:
    [[nodiscard]] Result<std::shared_ptr<const auth::Caller>> find_caller(
        std::string_view token, std::chrono::nanoseconds /*patience*/) const override {
      if (token == "throw") {
        throw std::runtime_error("a secret of the verifier");
      }
      return std::shared_ptr<const auth::Caller>();
    }
  };
  const Broken broken;
  const Dispatcher other({&service_}, {.verifier = &broken});
  const auto thrown = testing::RpcCaller(other, fields("throw")).call("mcdsl.test.v1.NotesService/GetNote", {""});
  ASSERT_FALSE(thrown.status);
  EXPECT_EQ(thrown.status.error().code(), Code::internal);
  EXPECT_EQ(thrown.status.error().public_text(), Error(Code::internal, "").public_text());
  const auto nobody = testing::RpcCaller(other, fields("null")).call("mcdsl.test.v1.NotesService/GetNote", {""});
  ASSERT_FALSE(nobody.status);
  EXPECT_EQ(nobody.status.error().code(), Code::unauthenticated);
  EXPECT_EQ(service_.entered(), 0);
}

}  // namespace
}  // namespace mcdsl::grpcserver
