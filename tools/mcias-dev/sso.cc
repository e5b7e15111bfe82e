#include "tools/mcias-dev/sso.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "mcdsl/auth/protocol.h"
#include "mcdsl/base/bytes.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/http/request.h"

namespace mcias {
namespace {

namespace protocol = mcdsl::auth::protocol;
using mcdsl::Code;
using mcdsl::Error;
using mcdsl::fail;
using mcdsl::fail_visible;
using mcdsl::Result;

constexpr std::size_t kMaxState = 1024;
constexpr std::size_t kShortestVerifier = 43;  // RFC 7636 §4.1
constexpr std::size_t kLongestVerifier = 128;
constexpr std::size_t kDigestBytes = 32;

std::unexpected<Error> wrong(std::string text) {
  return fail_visible(Code::invalid_argument, std::move(text));
}

// RFC 7636 §4.6
bool verifies(std::string_view verifier, std::string_view challenge) {
  return verifier.size() >= kShortestVerifier && verifier.size() <= kLongestVerifier &&
         mcdsl::http::percent_encode(verifier) == verifier &&  // unreserved characters alone
         mcdsl::constant_time_equal(mcdsl::base64url_encode(mcdsl::crypto::as_bytes(mcdsl::crypto::sha256(verifier))),
                                    challenge);
}

// Why a code that was there is not good for whoever brings it; empty where it is.
std::string_view mismatch(const SsoGrant& grant, const mcdsl::auth::AuthorizationCode& code) {
  if (grant.client_id != code.client_id) {
    return "the code is another client's";
  }
  if (grant.redirect_uri != code.redirect_uri) {
    return "the code went to another redirect URI";
  }
  return verifies(code.code_verifier.reveal(), grant.code_challenge) ? "" : "the code verifier is not the challenge's";
}

}  // namespace

Sso::Sso(const Config& config, const Store& store, const SsoCodes& codes, Identity& identity, mcdsl::log::Logger logger)
    : clients_(config.sso_clients), store_(store), codes_(codes), identity_(identity), logger_(std::move(logger)) {}

Result<SsoRequest> Sso::check(const mcdsl::http::Form& parameters) const {
  const auto get = [&](std::string_view name) { return parameters.get(name); };
  // Client and URI first: while they are in doubt, nothing else matters.
  const auto client_id = get(protocol::kClientId);
  const auto redirect_uri = get(protocol::kRedirectUri);
  const auto state = get(protocol::kState);
  const auto challenge = get(protocol::kCodeChallenge);
  const auto method = get(protocol::kCodeChallengeMethod);
  for (const auto* parameter : {&client_id, &redirect_uri, &state, &challenge, &method}) {
    if (!*parameter) {
      return fail(parameter->error());
    }
  }
  const auto client = std::ranges::find(clients_, *client_id, &SsoClient::client_id);
  if (client == clients_.end()) {
    return wrong("no service is registered here with this client_id");
  }
  if (std::ranges::find(client->redirect_uris, *redirect_uri) == client->redirect_uris.end()) {
    return wrong("this redirect_uri is not registered for " + client->client_id + ": it must be the same to the byte");
  }
  if (state->empty() || state->size() > kMaxState) {
    return wrong("the state must have 1 to " + std::to_string(kMaxState) + " bytes");
  }
  if (*method != protocol::kCodeChallengeMethodS256) {
    return wrong("the code_challenge_method must be S256");
  }
  const auto digest = mcdsl::base64url_decode(*challenge);
  if (!digest || digest->size() != kDigestBytes) {
    return wrong("the code_challenge is not a SHA-256 in base64url");
  }
  return SsoRequest{.client = &*client,
                    .redirect_uri = std::string(*redirect_uri),
                    .state = std::string(*state),
                    .code_challenge = std::string(*challenge)};
}

std::expected<mcdsl::Secret, LoginRefusal> Sso::log_in(const SsoRequest& request, const SsoCredentials& credentials,
                                                       std::string_view client_address) const {
  const mcdsl::auth::LoginRequest login{
      .username = credentials.username,
      .password = credentials.password,
      .totp_code = credentials.totp_code.empty() ? std::nullopt : std::optional(credentials.totp_code),
      .service_name = request.client->service_name,
      .tags = {}};
  const auto account = identity_.admit(login, client_address);
  if (!account) {
    return std::unexpected(account.error());
  }
  auto code = codes_.issue({.username = account->username,
                            .revision = account->revision,
                            .client_id = request.client->client_id,
                            .redirect_uri = request.redirect_uri,
                            .code_challenge = request.code_challenge});
  if (!code) {
    return std::unexpected(LoginRefusal{.error = std::move(code).error()});
  }
  logger_.info("sso login", {{"username", account->username}, {"client", request.client->client_id}});
  std::string target = request.redirect_uri;
  target.append(target.contains('?') ? "&" : "?").append(protocol::kCode).append("=").append(code->reveal());
  target.append("&").append(protocol::kState).append("=").append(mcdsl::http::percent_encode(request.state));
  return mcdsl::Secret(std::move(target));
}

Result<mcdsl::auth::Session> Sso::redeem(const mcdsl::auth::AuthorizationCode& code) const {
  const auto refuse = [&](std::string_view why) {
    logger_.warn("sso code refused", {{"reason", why}});
    return fail(Error(Code::unauthenticated, std::string(why)).with_public_text("invalid or expired code"));
  };
  const auto grant = codes_.take(code.code.reveal());
  if (!grant) {
    return fail(grant.error());
  }
  if (!*grant) {
    return refuse("the code is unknown, used or too old");
  }
  if (const std::string_view why = mismatch(**grant, code); !why.empty()) {
    return refuse(why);
  }
  const auto client = std::ranges::find(clients_, code.client_id, &SsoClient::client_id);
  auto account = store_.find((*grant)->username);
  if (client == clients_.end() || !account) {
    return refuse("the client or the account is gone");
  }
  account->revision = (*grant)->revision;  // as it was at the login: if it has changed since, there is no session
  auto session = identity_.open_session(*account, client->service_name);
  if (session) {
    logger_.info("login", {{"username", account->username}, {"service", client->service_name}, {"by", "sso"}});
  }
  return session;
}

}  // namespace mcias
