#include "tools/mcias-dev/identity.h"

#include <utility>

#include "mcdsl/base/bytes.h"
#include "mcdsl/crypto/digest.h"
#include "tools/mcias-dev/totp.h"

namespace mcias {
namespace {

using mcdsl::Code;
using mcdsl::Error;
using mcdsl::fail;
using mcdsl::fail_visible;
using mcdsl::Result;
using mcdsl::auth::AccountType;
using mcdsl::auth::Caller;
using mcdsl::auth::Claims;
using mcdsl::auth::LoginRequest;
using mcdsl::auth::Session;

constexpr std::size_t kMaxLogged = 64;  // bytes of a name that the client chose

std::unexpected<LoginRefusal> refuse(Error error) {
  return std::unexpected(LoginRefusal{.error = std::move(error)});
}

std::unexpected<LoginRefusal> refuse_for(std::chrono::nanoseconds wait) {
  return std::unexpected(LoginRefusal{
      .error = Error::visible(Code::resource_exhausted, "too many failed logins, try again later"), .wait = wait});
}

std::string quoted_service(std::string_view name) {
  return mcdsl::printable(name, kMaxLogged);
}

std::unexpected<Error> refuse_token(std::string why) {
  return fail(Error(Code::unauthenticated, std::move(why)).with_public_text("invalid or expired token"));
}

}  // namespace

Identity::Identity(const Config& config, const Store& store, mcdsl::log::Logger logger, const mcdsl::Clock& clock)
    : store_(store),
      logger_(std::move(logger)),
      clock_(clock),
      issuer_(config.identity.issuer),
      token_lifetime_(config.identity.token_lifetime),
      system_token_lifetime_(config.identity.system_token_lifetime),
      key_(SigningKey::load_or_create(config.signing_key_file())),
      policy_(config.policy),
      hasher_(config.identity.hashing_cost(), config.identity.hashing_bounds()),
      limiter_(config.identity.failures_per_username(), config.identity.failures_per_address(), clock),
      decoy_totp_secret_(new_totp_secret()) {}

std::expected<Account, LoginRefusal> Identity::admit(const LoginRequest& request, std::string_view client_address) {
  auto account = authenticate(request, client_address);
  if (!account) {
    return account;
  }
  if (auto refused = refused_by_policy(*account, request.service_name, request.tags)) {
    return refuse(*std::move(refused));
  }
  return account;
}

std::expected<Session, LoginRefusal> Identity::login(const LoginRequest& request, std::string_view client_address) {
  const auto account = admit(request, client_address);
  if (!account) {
    return std::unexpected(account.error());
  }
  auto session = store_session(*account);
  if (!session) {
    return refuse(std::move(session).error());
  }
  logger_.info("login", {{"username", account->username}, {"service", quoted_service(request.service_name)}});
  return *std::move(session);
}

Result<Session> Identity::open_session(const Account& account, std::string_view service_name,
                                       const std::vector<std::string>& tags) const {
  if (auto refused = refused_by_policy(account, service_name, tags)) {
    return fail(*std::move(refused));
  }
  return store_session(account);
}

std::optional<Error> Identity::refused_by_policy(const Account& account, std::string_view service_name,
                                                 const std::vector<std::string>& tags) const {
  const auto rule = policy_.denied_by(account, service_name, tags);
  if (!rule) {
    return std::nullopt;
  }
  logger_.info("login denied by policy",
               {{"username", account.username}, {"service", quoted_service(service_name)}, {"rule", *rule}});
  return Error::visible(Code::permission_denied, "the login policy keeps this account from this service");
}

std::expected<Account, LoginRefusal> Identity::authenticate(const LoginRequest& request,
                                                            std::string_view client_address) {
  // No account has a name without a canonical form; all such names share one count.
  const auto canonical = canonical_username(request.username);
  const auto username = canonical ? std::optional(*canonical) : std::nullopt;
  const std::string_view counted_name = username ? std::string_view(*username) : std::string_view();

  // Before the queue, so that those who have to wait anyway keep nobody from it.
  if (const auto wait = limiter_.wait(counted_name, client_address)) {
    return refuse_for(*wait);
  }
  const auto turn = hasher_.wait_for_turn();
  if (!turn) {
    return refuse(turn.error());
  }
  // And behind it, so that a burst of guesses gets no further past the limit than the verifications that run at once.
  if (const auto wait = limiter_.wait(counted_name, client_address)) {
    return refuse_for(*wait);
  }
  auto account = check_credentials(username, request, *turn);
  if (!account) {
    return refuse(std::move(account).error());
  }
  if (!*account) {
    limiter_.failed(counted_name, client_address);
    return refuse(Error::visible(Code::unauthenticated, "wrong user name, password or one-time code"));
  }
  limiter_.succeeded(counted_name);
  return **std::move(account);
}

// The account if password and one-time code are its own and it may be used; nullopt otherwise, for the same amount of
// work. A code is used up by a login that is good in all else: failures use none up, or a stranger could.
Result<std::optional<Account>> Identity::check_credentials(const std::optional<std::string>& username,
                                                           const LoginRequest& request,
                                                           const PasswordHasher::Turn& turn) {
  auto account = username ? store_.find(*username) : std::nullopt;
  const bool has_password = account && !account->password_hash.empty();
  const bool matches = hasher_.verify(turn, has_password ? account->password_hash : hasher_.decoy(), request.password);
  const bool is_good = has_password && matches && !account->disabled;
  const auto has_factor =
      check_second_factor(account ? std::string_view(account->id) : std::string_view(),
                          request.totp_code ? request.totp_code->reveal() : std::string_view(), is_good);
  if (!has_factor) {
    return fail(has_factor.error());
  }
  if (is_good && *has_factor) {
    return account;
  }
  if (!account) {
    logger_.info("login refused", {{"reason", "unknown user name"}});
    return std::nullopt;
  }
  logger_.info("login refused", {{"username", account->username},
                                 {"reason", !has_password       ? "system accounts have no password"
                                            : account->disabled ? "the account is disabled"
                                            : !matches          ? "wrong password"
                                                                : "wrong, used or missing one-time code"}});
  return std::nullopt;
}

// Whether the code is good for the account, which it is for one that has no second factor.
Result<bool> Identity::check_second_factor(std::string_view account_id, std::string_view code, bool use_up) const {
  const auto totp = store_.totp_of(account_id);
  const auto step = find_totp_step(totp ? totp->secret : decoy_totp_secret_, code, clock_.now(),
                                   totp ? totp->last_step : std::int64_t{0});
  if (!totp || !step) {
    return !totp;
  }
  return use_up ? store_.use_totp_step(account_id, *step) : Result<bool>(true);
}

Result<Session> Identity::store_session(const Account& account) const {
  Issued issued = issue(account);
  if (const auto stored = store_.add_token(account, issued.record); !stored) {
    return fail(stored.error());
  }
  return std::move(issued.session);
}

Identity::Issued Identity::issue(const Account& account) const {
  // Tokens tell time in whole seconds (RFC 7519 §2 as encoded here); the record agrees with its token.
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now());
  const auto lifetime = account.type == AccountType::system ? system_token_lifetime_ : token_lifetime_;
  const auto expires_at = now + std::chrono::floor<std::chrono::seconds>(lifetime);
  const Claims claims{.subject = account.id,
                      .username = account.username,
                      .account_type = account.type,
                      .roles = account.roles,
                      .issued_at = now,
                      .expires_at = expires_at,
                      .token_id = mcdsl::crypto::random_uuid(),
                      .issuer = issuer_};
  return {.record = {.id = claims.token_id, .expires_at = expires_at},
          .session = {.token = key_.issue(claims), .expires_at = expires_at}};
}

Result<Claims> Identity::check_signature_and_expiry(std::string_view token) const {
  auto claims = key_.verify(token);
  if (!claims) {
    return refuse_token(claims.error().message());
  }
  if (claims->expires_at <= clock_.now()) {
    return refuse_token("the token has expired");
  }
  return claims;
}

Result<void> Identity::logout(std::string_view token) const {
  const auto claims = check_signature_and_expiry(token);
  if (!claims) {
    return fail(claims.error());
  }
  const auto revoked = store_.revoke(claims->token_id);
  if (!revoked) {
    return fail(revoked.error());
  }
  if (!*revoked) {
    return refuse_token("the token was revoked before");
  }
  logger_.info("logout", {{"username", claims->username}});
  return {};
}

Result<Session> Identity::renew(std::string_view token) const {
  const auto claims = check_signature_and_expiry(token);
  if (!claims) {
    return fail(claims.error());
  }
  const auto account = store_.owner_of(claims->token_id);
  if (!account) {
    return refuse_token("the token is revoked");
  }
  Issued issued = issue(*account);
  const auto replaced = store_.replace_token(claims->token_id, issued.record);
  if (!replaced) {
    return fail(replaced.error());
  }
  if (!*replaced) {
    return refuse_token("the token was revoked meanwhile");
  }
  logger_.info("token renewed", {{"username", claims->username}});
  return std::move(issued.session);
}

Result<Caller> Identity::validate(std::string_view token) const {
  auto claims = check_signature_and_expiry(token);
  if (!claims) {
    return fail(std::move(claims).error());
  }
  const auto account = store_.owner_of(claims->token_id);
  if (!account || account->id != claims->subject) {
    return refuse_token("the token is revoked");
  }
  return Caller{.subject = std::move(claims->subject),
                .username = std::move(claims->username),
                .account_type = claims->account_type,
                .roles = std::move(claims->roles),
                .expires_at = claims->expires_at};
}

Result<Session> Identity::issue_system_token(std::string_view username) const {
  const auto account = store_.find(username);
  if (!account) {
    return fail_visible(Code::not_found, "there is no account \"" + std::string(username) + "\"");
  }
  if (account->type != AccountType::system) {
    return fail_visible(Code::failed_precondition, "tokens are issued to system accounts; a human logs in");
  }
  if (account->disabled) {
    return fail_visible(Code::failed_precondition, "the account is disabled");
  }
  return store_session(*account);
}

}  // namespace mcias
