// The checks with grpc++, gRPC's own C++, on stubs of its own plugin. What it is told, and what it prints: see run.py.
#include <chrono>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/empty.pb.h>
#include <grpcpp/grpcpp.h>
#include <nlohmann/json.hpp>

#include "grpc/health/v1/health.grpc.pb.h"
#include "mcq/v1/mcq.grpc.pb.h"

namespace {

namespace health_v1 = grpc::health::v1;
namespace v1 = mcq::v1;
using google::protobuf::Empty;
using grpc::ClientContext;
using grpc::Status;
using grpc::StatusCode;

constexpr auto kPatience = std::chrono::minutes(1);  // of a call that is no check of its deadline

void check(std::string_view fact, const std::function<void()>& body) {
  try {
    body();
    std::cout << "ok " << fact << std::endl;
  } catch (const std::exception& problem) {
    std::cout << "FAILED " << fact << ": " << problem.what() << std::endl;
  }
}

void expect(bool holds, const std::string& what) {
  if (!holds) {
    throw std::runtime_error(what);
  }
}

void expect(const Status& status, StatusCode wanted, std::string_view message = {}) {
  const std::string got = "status " + std::to_string(status.error_code()) + ": " + status.error_message();
  expect(status.error_code() == wanted, "want status " + std::to_string(wanted) + ", got " + got);
  expect(message.empty() || status.error_message() == message, "want \"" + std::string(message) + "\", got " + got);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A call's context, with the token of who makes it.
std::unique_ptr<ClientContext> by(const std::string& token) {
  auto context = std::make_unique<ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + kPatience);
  if (!token.empty()) {
    context->AddMetadata("authorization", "Bearer " + token);
  }
  return context;
}

std::string first_of(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata, const std::string& name) {
  const auto found = metadata.find(name);
  return found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
}

class Client {
 public:
  explicit Client(const nlohmann::json& setting)
      : passwords_(setting.at("accounts").at("passwords").get<std::map<std::string, std::string>>()),
        robot_(setting.at("accounts").at("robot_token").get<std::string>()),
        channel_(open(setting)) {}

  void run() {
    check_sessions();
    check_documents();
    check_refusals();
    check_health();
    check("a logout ends the token", [&] {
      Empty empty;
      expect(auth_->Logout(by(alice_).get(), Empty(), &empty), StatusCode::OK);
      expect(get("grpcpp", alice_), StatusCode::UNAUTHENTICATED);
    });
  }

 private:
  static std::shared_ptr<grpc::Channel> open(const nlohmann::json& setting) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = read_file(setting.at("authority").get<std::string>());
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(8 << 20);
    return grpc::CreateCustomChannel(setting.at("address").get<std::string>(), grpc::SslCredentials(options),
                                     arguments);
  }

  Status log_in(const std::string& name, const std::string& password, v1::LoginReply& reply, ClientContext& context) {
    v1::LoginRequest request;
    request.set_username(name);
    request.set_password(password);
    return auth_->Login(&context, request, &reply);
  }

  std::string token_of(const std::string& name) {
    v1::LoginReply reply;
    expect(log_in(name, passwords_.at(name), reply, *by("")), StatusCode::OK);
    return reply.token();
  }

  Status push(const std::string& slug, const std::string& body, const std::string& token,
              v1::Summary* summary = nullptr, bool is_packed = false) {
    v1::PushDocumentRequest request;
    request.set_slug(slug);
    request.set_title("Größe");
    request.set_body(body);
    v1::Summary unread;
    const auto context = by(token);
    if (is_packed) {
      context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
    }
    return documents_->PushDocument(context.get(), request, summary != nullptr ? summary : &unread);
  }

  Status get(const std::string& slug, const std::string& token, v1::Document* document = nullptr) {
    v1::GetDocumentRequest request;
    request.set_slug(slug);
    v1::Document unread;
    return documents_->GetDocument(by(token).get(), request, document != nullptr ? document : &unread);
  }

  void check_sessions() {
    check("logs in, and no cache may keep the token", [&] {
      v1::LoginReply reply;
      const auto context = by("");
      expect(log_in("alice", passwords_.at("alice"), reply, *context), StatusCode::OK);
      expect(first_of(context->GetServerInitialMetadata(), "cache-control") == "no-store",
             "cache-control is not no-store");
      alice_ = reply.token();
    });
    check("a wrong password is UNAUTHENTICATED", [&] {
      v1::LoginReply reply;
      expect(log_in("alice", "wrong", reply, *by("")), StatusCode::UNAUTHENTICATED);
    });
    check("a login that policy denies is PERMISSION_DENIED", [&] {
      v1::LoginReply reply;
      expect(log_in("mallory", passwords_.at("mallory"), reply, *by("")), StatusCode::PERMISSION_DENIED);
    });
  }

  void check_documents() {
    check("pushes and gets", [&] {
      v1::Summary summary;
      expect(push("grpcpp", "# 日本", alice_, &summary), StatusCode::OK);
      expect(summary.pushed_by() == "alice", "pushed by " + summary.pushed_by());
      v1::Document document;
      expect(get("grpcpp", alice_, &document), StatusCode::OK);
      expect(document.body() == "# 日本" && document.title() == "Größe", "another document came back");
    });
    check("lists in pages, each document once", [&] {
      expect(push("grpcpp-2", "", alice_), StatusCode::OK);
      std::set<std::string> slugs;
      v1::ListDocumentsRequest request;
      request.set_limit(1);
      for (bool is_last = false; !is_last;) {
        v1::ListDocumentsReply reply;
        expect(documents_->ListDocuments(by(alice_).get(), request, &reply), StatusCode::OK);
        for (const v1::Summary& summary : reply.documents()) {
          expect(slugs.insert(summary.slug()).second, summary.slug() + " came twice");
        }
        request.set_after(reply.next());
        is_last = !reply.has_next();
      }
      expect(slugs.contains("grpcpp") && slugs.contains("grpcpp-2"), "one is missing");
    });
    check("a system account pushes with its token", [&] {
      v1::Summary summary;
      expect(push("grpcpp-r", "", robot_, &summary), StatusCode::OK);
      expect(summary.pushed_by() == "robot", "pushed by " + summary.pushed_by());
    });
    check("4 MiB of body go there packed and come back", [&] {
      const std::string body(std::size_t{4} << 20U, 'x');
      expect(push("grpcpp-large", body, alice_, nullptr, true), StatusCode::OK);
      v1::Document document;
      expect(get("grpcpp-large", alice_, &document), StatusCode::OK);
      expect(document.body() == body, "another body came back");
    });
    check("every answer has a request id of its own, in its metadata", [&] {
      std::set<std::string> ids;
      v1::GetDocumentRequest request;
      request.set_slug("grpcpp");
      for (int i = 0; i < 3; ++i) {
        const auto context = by(alice_);
        v1::Document document;
        expect(documents_->GetDocument(context.get(), request, &document), StatusCode::OK);
        ids.insert(first_of(context->GetServerInitialMetadata(), "x-request-id"));
      }
      expect(ids.size() == 3 && !ids.contains(""), "an id is missing or came twice");
    });
  }

  void check_refusals() {
    check("no token is UNAUTHENTICATED", [&] { expect(get("grpcpp", ""), StatusCode::UNAUTHENTICATED); });
    check("a guest that pushes is PERMISSION_DENIED",
          [&] { expect(push("g", "", token_of("guest")), StatusCode::PERMISSION_DENIED); });
    check("what is not there is NOT_FOUND, with its message",
          [&] { expect(get("none", alice_), StatusCode::NOT_FOUND, "no such document"); });
    check("a bad request is INVALID_ARGUMENT, with its message", [&] {
      v1::ListDocumentsRequest request;
      request.set_limit(0);
      v1::ListDocumentsReply reply;
      expect(documents_->ListDocuments(by(alice_).get(), request, &reply), StatusCode::INVALID_ARGUMENT,
             "limit: 1 to 200");
    });
    check("a message above the limit is RESOURCE_EXHAUSTED",
          [&] { expect(push("a", std::string(std::size_t{6} << 20U, 'x'), alice_), StatusCode::RESOURCE_EXHAUSTED); });
  }

  void check_health() {
    check("health Check is SERVING", [&] {
      health_v1::HealthCheckRequest request;
      request.set_service("mcq.v1.DocumentService");
      health_v1::HealthCheckResponse answer;
      expect(health_->Check(by("").get(), request, &answer), StatusCode::OK);
      expect(answer.status() == health_v1::HealthCheckResponse::SERVING, "it is not");
    });
    check("health Watch says SERVING; a deadline that passes is DEADLINE_EXCEEDED", [&] {
      ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2));
      const auto watch = health_->Watch(&context, health_v1::HealthCheckRequest());
      health_v1::HealthCheckResponse answer;
      expect(watch->Read(&answer) && answer.status() == health_v1::HealthCheckResponse::SERVING, "it does not");
      expect(!watch->Read(&answer), "it says more");
      expect(watch->Finish(), StatusCode::DEADLINE_EXCEEDED);
    });
    check("a Watch that is cancelled ends", [&] {
      ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + kPatience);
      const auto watch = health_->Watch(&context, health_v1::HealthCheckRequest());
      health_v1::HealthCheckResponse answer;
      expect(watch->Read(&answer), "it says nothing");
      context.TryCancel();
      expect(watch->Finish(), StatusCode::CANCELLED);
    });
  }

  std::map<std::string, std::string> passwords_;
  std::string robot_;
  std::string alice_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::AuthService::Stub> auth_ = v1::AuthService::NewStub(channel_);
  std::unique_ptr<v1::DocumentService::Stub> documents_ = v1::DocumentService::NewStub(channel_);
  std::unique_ptr<health_v1::Health::Stub> health_ = health_v1::Health::NewStub(channel_);
};

}  // namespace

int main() {
  try {
    Client(nlohmann::json::parse(std::cin)).run();
  } catch (const std::exception& problem) {
    std::cerr << "grpcpp_client: " << problem.what() << '\n';
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
