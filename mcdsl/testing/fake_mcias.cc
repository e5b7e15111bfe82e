#include "mcdsl/testing/fake_mcias.h"

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "mcdsl/auth/jwk.h"
#include "mcdsl/auth/jwt.h"
#include "mcdsl/auth/protocol.h"
#include "mcdsl/auth/server_messages.h"
#include "mcdsl/base/bytes.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/http/router.h"
#include "mcdsl/json/decode.h"
#include "mcdsl/json/writer.h"
#include "mcdsl/net/server.h"
#include "mcdsl/testing/certificates.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::testing {
namespace {

namespace protocol = auth::protocol;
using auth::Claims;
using http::Request;
using http::Response;

constexpr std::chrono::seconds kLifetime = std::chrono::hours(12);
constexpr std::chrono::seconds kCodeLifetime{60};
constexpr std::string_view kCertificateFile = "cert.pem";
constexpr std::string_view kKeyFile = "key.pem";
constexpr std::string_view kCaFile = "ca.pem";

struct Account {
  std::string id = crypto::random_uuid();
  auth::AccountType type = auth::AccountType::human;
  Secret password;
  std::optional<Secret> totp_code{};
  std::vector<std::string> roles;
};

Response answer_error(Code code, std::string_view text) {
  return http::json(auth::encode_error(text, name(code))).with_status(http_status(code));
}

Response refuse_token() {
  return answer_error(Code::unauthenticated, "invalid or expired token");
}

// What a code of single sign-on stands for.
struct Grant {
  std::string username;
  std::string client_id;
  std::string redirect_uri;
  std::string challenge;
  Clock::WallTime expires_at;
};

struct GrantRequest {
  std::string code;
  std::string client_id;
  std::string redirect_uri;
  std::string code_verifier;

  void bind(json::Fields& fields) {
    fields.required(protocol::kCode, code);
    fields.required(protocol::kClientId, client_id);
    fields.required(protocol::kRedirectUri, redirect_uri);
    fields.required(protocol::kCodeVerifier, code_verifier);
  }
};

// The folder with what TLS needs: a new authority and a certificate of it.
void write_certificates(const TempDir& folder) {
  const CertificateAuthority authority;
  const Certificate certificate = authority.issue();
  folder.write(kCaFile, authority.certificate());
  folder.write(kCertificateFile, certificate.chain);
  folder.write(kKeyFile, certificate.key);
}

}  // namespace

struct FakeMcias::State {
  explicit State(const Clock& clock) : clock(clock) {
    write_certificates(folder);
    add_routes();
    start();
  }

  void add_routes();
  void start();

  [[nodiscard]] Response login(const Request& request);
  [[nodiscard]] Response logout(const Request& request);
  [[nodiscard]] Response renew(const Request& request);
  [[nodiscard]] Response validate(const Request& request);
  [[nodiscard]] Response authorize(const Request& request);
  [[nodiscard]] Response exchange(const Request& request);

  // These want the mutex held.
  [[nodiscard]] auth::Session issue(const std::string& username, const Account& account, std::chrono::seconds lifetime);
  [[nodiscard]] std::optional<Claims> valid_claims(std::string_view token) const;

  const Clock& clock;
  const crypto::Ed25519PrivateKey key = crypto::Ed25519PrivateKey::generate();
  const std::string key_id = auth::jwk_thumbprint(key.public_key());
  TempDir folder;
  std::string url;  // made by the first start, and constant from then on

  mutable std::mutex mutex;  // guards these
  std::map<std::string, Account> accounts;
  std::set<std::pair<std::string, std::string>> denied;
  std::set<std::string> live_tokens;               // by their ids
  std::map<std::string, std::string> sso_clients;  // to their redirect URIs
  std::string sso_user;
  std::map<std::string, Grant> grants;  // by their codes
  Calls calls;

  std::mutex server_mutex;  // guards these
  http::Router router;
  net::Address address{.host = "127.0.0.1", .port = 0};
  std::unique_ptr<net::CertificateStore> certificates;
  std::unique_ptr<net::Server> server;
};

void FakeMcias::State::add_routes() {
  const auto counted = [this](std::uint64_t Calls::* counter, auto handle) {
    return [this, counter, handle](const Request& request) {
      const std::scoped_lock lock(mutex);
      ++(calls.*counter);
      return handle(request);
    };
  };
  router.post(protocol::kLoginPath, counted(&Calls::login, [this](const Request& request) { return login(request); }));
  router.post(protocol::kLogoutPath,
              counted(&Calls::logout, [this](const Request& request) { return logout(request); }));
  router.post(protocol::kRenewPath, counted(&Calls::renew, [this](const Request& request) { return renew(request); }));
  router.post(protocol::kValidatePath,
              counted(&Calls::validate, [this](const Request& request) { return validate(request); }));
  router.get(protocol::kSsoAuthorizePath,
             counted(&Calls::sso_authorize, [this](const Request& request) { return authorize(request); }));
  router.post(protocol::kSsoTokenPath,
              counted(&Calls::sso_token, [this](const Request& request) { return exchange(request); }));
  router.get(protocol::kPublicKeyPath, counted(&Calls::public_key, [this](const Request& /*request*/) {
               return http::json(auth::encode_jwk({.key_id = key_id, .key = key.public_key()}));
             }));
  router.get(protocol::kHealthPath, counted(&Calls::health, [](const Request& /*request*/) {
               json::Writer out;
               out.begin_object().field(protocol::kStatus, protocol::kStatusOk).end_object();
               return http::json(std::move(out).take());
             }));
}

void FakeMcias::State::start() {
  certificates = std::make_unique<net::CertificateStore>(folder / kCertificateFile, folder / kKeyFile);
  server = std::make_unique<net::Server>(
      router, net::ServerOptions{.shutdown_timeout = std::chrono::milliseconds(100), .loops = 1});
  address = server->listen(address, certificates.get());
  if (url.empty()) {
    url = "https://" + address.to_string();
  }
  server->start();
}

Response FakeMcias::State::login(const Request& request) {
  const auto login = json::decode<auth::LoginRequest>(request.body());
  if (!login) {
    return answer_error(Code::invalid_argument, login.error().public_text());
  }
  const auto found = accounts.find(login->username);
  if (found == accounts.end() || found->second.type == auth::AccountType::system ||
      !found->second.password.matches(login->password.reveal())) {
    return answer_error(Code::unauthenticated, "wrong user name or password");
  }
  const std::string_view code = login->totp_code ? login->totp_code->reveal() : std::string_view();
  if (found->second.totp_code && !found->second.totp_code->matches(code)) {
    return answer_error(Code::unauthenticated, "wrong or no code");
  }
  if (denied.contains({login->username, login->service_name})) {
    return answer_error(Code::permission_denied, "the login policy keeps this account from this service");
  }
  return http::json(auth::encode_session(issue(found->first, found->second, kLifetime)));
}

Response FakeMcias::State::logout(const Request& request) {
  const auto claims = valid_claims(request.bearer_token().value_or(""));
  if (!claims) {
    return refuse_token();
  }
  live_tokens.erase(claims->token_id);
  return http::no_content();
}

Response FakeMcias::State::renew(const Request& request) {
  const auto claims = valid_claims(request.bearer_token().value_or(""));
  if (!claims) {
    return refuse_token();
  }
  live_tokens.erase(claims->token_id);
  return http::json(auth::encode_session(issue(claims->username, accounts.at(claims->username), kLifetime)));
}

Response FakeMcias::State::validate(const Request& request) {
  const auto in_header = request.bearer_token();
  const auto in_body = json::decode<auth::ValidationRequest>(in_header ? "{}" : request.body());
  const auto claims = valid_claims(in_header ? *in_header : in_body ? in_body->token.reveal() : "");
  if (!claims) {
    return http::json(auth::encode_validation(nullptr));
  }
  const auth::Caller caller{.subject = claims->subject,
                            .username = claims->username,
                            .account_type = claims->account_type,
                            .roles = accounts.at(claims->username).roles,
                            .expires_at = claims->expires_at};
  return http::json(auth::encode_validation(&caller));
}

Response FakeMcias::State::authorize(const Request& request) {
  const auto parameter = [&](std::string_view name) {
    const auto value = request.query_param(name);
    return value ? value->value_or("") : std::string();
  };
  const Grant grant{.username = sso_user,
                    .client_id = parameter(protocol::kClientId),
                    .redirect_uri = parameter(protocol::kRedirectUri),
                    .challenge = parameter(protocol::kCodeChallenge),
                    .expires_at = clock.now() + kCodeLifetime};
  const auto client = sso_clients.find(grant.client_id);
  if (client == sso_clients.end() || client->second != grant.redirect_uri) {
    return answer_error(Code::invalid_argument, "no such client, or another redirect_uri");
  }
  if (parameter(protocol::kCodeChallengeMethod) != protocol::kCodeChallengeMethodS256 || grant.challenge.empty() ||
      parameter(protocol::kState).empty()) {
    return answer_error(Code::invalid_argument, "no state, or no PKCE challenge by S256");
  }
  if (!accounts.contains(sso_user)) {
    return answer_error(Code::unauthenticated, "nobody is logged in");
  }
  const std::string code = crypto::random_uuid();
  grants.emplace(code, grant);
  return http::no_content().with_status(302).with_header(
      "location", grant.redirect_uri + "?" + std::string(protocol::kCode) + "=" + code + "&" +
                      std::string(protocol::kState) + "=" + http::percent_encode(parameter(protocol::kState)));
}

Response FakeMcias::State::exchange(const Request& request) {
  const auto asked = json::decode<GrantRequest>(request.body());
  if (!asked) {
    return answer_error(Code::invalid_argument, asked.error().public_text());
  }
  const auto node = grants.extract(asked->code);  // whatever comes of it, the code is spent
  const bool is_good =
      !node.empty() && node.mapped().client_id == asked->client_id &&
      node.mapped().redirect_uri == asked->redirect_uri && clock.now() < node.mapped().expires_at &&
      node.mapped().challenge == base64url_encode(crypto::as_bytes(crypto::sha256(asked->code_verifier)));
  if (!is_good) {
    return answer_error(Code::unauthenticated, "the code is spent, too old, or not for this client and verifier");
  }
  const std::string& username = node.mapped().username;
  if (denied.contains({username, asked->client_id})) {
    return answer_error(Code::permission_denied, "the login policy keeps this account from this service");
  }
  return http::json(auth::encode_session(issue(username, accounts.at(username), kLifetime)));
}

auth::Session FakeMcias::State::issue(const std::string& username, const Account& account,
                                      std::chrono::seconds lifetime) {
  const auto now = std::chrono::floor<std::chrono::seconds>(clock.now());
  const Claims claims{.subject = account.id,
                      .username = username,
                      .account_type = account.type,
                      .roles = account.roles,
                      .issued_at = now,
                      .expires_at = now + lifetime,
                      .token_id = crypto::random_uuid(),
                      .issuer = url};
  live_tokens.insert(claims.token_id);
  return {.token = auth::encode_jwt(claims, key_id, key), .expires_at = claims.expires_at};
}

std::optional<Claims> FakeMcias::State::valid_claims(std::string_view token) const {
  const auto jwt = auth::Jwt::parse(token);
  if (!jwt) {
    return std::nullopt;
  }
  auto claims = jwt->verify(key.public_key());
  if (!claims || claims->expires_at <= clock.now() || !live_tokens.contains(claims->token_id) ||
      !accounts.contains(claims->username)) {
    return std::nullopt;
  }
  return *std::move(claims);
}

FakeMcias::FakeMcias(const Clock& clock) : state_(std::make_unique<State>(clock)) {}

FakeMcias::~FakeMcias() = default;

const std::string& FakeMcias::url() const noexcept {
  return state_->url;
}

config::Mcias FakeMcias::settings(std::string service_name) const {
  return {.server_url = state_->url, .ca_cert = state_->folder / kCaFile, .service_name = std::move(service_name)};
}

void FakeMcias::add_user(const std::string& username, std::string_view password, std::vector<std::string> roles) {
  const std::scoped_lock lock(state_->mutex);
  Account& account = state_->accounts[username];
  account.password = Secret(std::string(password));
  account.roles = std::move(roles);
}

void FakeMcias::set_roles(const std::string& username, std::vector<std::string> roles) {
  const std::scoped_lock lock(state_->mutex);
  const auto found = state_->accounts.find(username);
  if (found == state_->accounts.end()) {
    throw Exception(Code::not_found, "FakeMcias: there is no account \"" + username + "\"");
  }
  found->second.roles = std::move(roles);
}

void FakeMcias::remove_user(const std::string& username) {
  const std::scoped_lock lock(state_->mutex);
  state_->accounts.erase(username);
}

void FakeMcias::require_totp(const std::string& username, std::string_view code) {
  const std::scoped_lock lock(state_->mutex);
  state_->accounts[username].totp_code = Secret(std::string(code));
}

void FakeMcias::add_system(const std::string& username) {
  const std::scoped_lock lock(state_->mutex);
  state_->accounts[username].type = auth::AccountType::system;
}

void FakeMcias::add_sso_client(const std::string& client_id, const std::string& redirect_uri) {
  const std::scoped_lock lock(state_->mutex);
  state_->sso_clients[client_id] = redirect_uri;
}

void FakeMcias::sso_login_as(const std::string& username) {
  const std::scoped_lock lock(state_->mutex);
  state_->sso_user = username;
}

void FakeMcias::deny(const std::string& username, const std::string& service_name) {
  const std::scoped_lock lock(state_->mutex);
  state_->denied.emplace(username, service_name);
}

Secret FakeMcias::issue_token(const std::string& username, std::chrono::seconds lifetime) {
  const std::scoped_lock lock(state_->mutex);
  const auto found = state_->accounts.find(username);
  if (found == state_->accounts.end()) {
    throw Exception(Code::not_found, "FakeMcias: there is no account \"" + username + "\"");
  }
  return state_->issue(found->first, found->second, lifetime).token;
}

void FakeMcias::revoke(std::string_view token) {
  const std::scoped_lock lock(state_->mutex);
  if (const auto claims = state_->valid_claims(token)) {
    state_->live_tokens.erase(claims->token_id);
  }
}

void FakeMcias::go_down() {
  const std::scoped_lock lock(state_->server_mutex);
  state_->server.reset();
}

void FakeMcias::come_back() {
  const std::scoped_lock lock(state_->server_mutex);
  if (!state_->server) {
    state_->start();
  }
}

FakeMcias::Calls FakeMcias::calls() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->calls;
}

}  // namespace mcdsl::testing
