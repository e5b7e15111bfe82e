#include "mcdsl/auth/internal/mcias_for_test.h"

#include <utility>

#include "mcdsl/auth/jwk.h"
#include "mcdsl/auth/protocol.h"
#include "mcdsl/base/time.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/json/writer.h"

namespace mcdsl::auth::internal {
namespace {

std::string bearer_of(const TestRequest& request) {
  const auto header = request.headers.find("authorization");
  return header == request.headers.end() ? "" : header->second.substr(std::string_view("Bearer ").size());
}

}  // namespace

TestMcias::TestMcias(const Clock& clock)
    : clock_(clock), server_(ca_.issue(), [this](const TestRequest& request) { return handle(request); }) {
  dir_.write("ca.pem", ca_.certificate());
}

config::Mcias TestMcias::settings() const {
  return {.server_url = server_.url(), .ca_cert = dir_ / "ca.pem", .service_name = "notes", .tags = {"env:test", "b"}};
}

std::string TestMcias::issue(const Account& account) {
  const std::scoped_lock lock(mutex_);
  const Claims claims{.subject = "id-of-" + account.username,
                      .username = account.username,
                      .account_type = account.account_type,
                      .roles = account.roles,
                      .issued_at = clock_.now(),
                      .expires_at = clock_.now() + account.lifetime,
                      .token_id = crypto::random_uuid(),
                      .issuer = "test"};
  std::string token(encode_jwt(claims, key_id_, key_).reveal());
  valid_.emplace(token, claims);
  return token;
}

void TestMcias::revoke(const std::string& token) {
  const std::scoped_lock lock(mutex_);
  valid_.erase(token);
}

void TestMcias::rotate_key() {
  const std::scoped_lock lock(mutex_);
  key_ = crypto::Ed25519PrivateKey::generate();
  key_id_.append("+");
}

void TestMcias::replace_key() {
  const std::scoped_lock lock(mutex_);
  key_ = crypto::Ed25519PrivateKey::generate();
}

void TestMcias::answer(std::string_view path, TestServer::Handler handler) {
  const std::scoped_lock lock(mutex_);
  answers_.insert_or_assign(std::string(path), std::move(handler));
}

void TestMcias::answer(std::string_view path, TestResponse response) {
  answer(path, [response = std::move(response)](const TestRequest&) { return response; });
}

int TestMcias::calls(std::string_view path) const {
  const std::scoped_lock lock(mutex_);
  const auto found = calls_.find(path);
  return found == calls_.end() ? 0 : found->second;
}

TestRequest TestMcias::last(std::string_view path) const {
  const std::scoped_lock lock(mutex_);
  const auto found = last_.find(path);
  return found == last_.end() ? TestRequest() : found->second;
}

TestResponse TestMcias::handle(const TestRequest& request) {
  TestServer::Handler replaced;
  {
    const std::scoped_lock lock(mutex_);
    ++calls_[request.target];
    last_[request.target] = request;
    if (const auto found = answers_.find(request.target); found != answers_.end()) {
      replaced = found->second;
    }
  }
  return replaced ? replaced(request) : respond(request);
}

TestResponse TestMcias::respond(const TestRequest& request) {
  const std::string token = bearer_of(request);
  const auto is = [&](std::string_view method, std::string_view path) {
    return request.method == method && request.target == path;
  };
  if (is("GET", protocol::kPublicKeyPath)) {
    const std::scoped_lock lock(mutex_);
    return {.body = encode_jwk({key_id_, key_.public_key()})};
  }
  if (is("POST", protocol::kValidatePath)) {
    return validate(token);
  }
  if (is("POST", protocol::kLoginPath)) {
    return request.body.contains(kPassword) ? session(issue()) : TestResponse{.status = 401};
  }
  if (is("POST", protocol::kRenewPath)) {
    revoke(token);
    return session(issue());
  }
  if (is("POST", protocol::kLogoutPath)) {
    revoke(token);
    return {.status = 204};
  }
  if (is("GET", protocol::kHealthPath)) {
    return {.body = R"({"status":"ok"})"};
  }
  return {.status = 404};
}

TestResponse TestMcias::validate(const std::string& token) const {
  const std::scoped_lock lock(mutex_);
  const auto found = valid_.find(token);
  json::Writer out;
  if (found == valid_.end()) {
    out.begin_object().field(protocol::kValid, false).end_object();
    return {.body = std::move(out).take()};
  }
  const Claims& claims = found->second;
  out.begin_object()
      .field(protocol::kValid, true)
      .field(protocol::kSubject, claims.subject)
      .field(protocol::kUsername, claims.username)
      .field(protocol::kAccountType, name(claims.account_type))
      .field(protocol::kExpiresAt, format_rfc3339(claims.expires_at))
      .key(protocol::kRoles)
      .begin_array();
  for (const auto& role : claims.roles) {
    out.value(role);
  }
  out.end_array().end_object();
  return {.body = std::move(out).take()};
}

TestResponse TestMcias::session(const std::string& token) const {
  const std::scoped_lock lock(mutex_);
  json::Writer out;
  out.begin_object()
      .field(protocol::kToken, token)
      .field(protocol::kExpiresAt, format_rfc3339(valid_.at(token).expires_at))
      .end_object();
  return {.body = std::move(out).take()};
}

}  // namespace mcdsl::auth::internal
