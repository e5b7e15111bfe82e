#include "mcdsl/web/internal/sso_client.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <utility>

#include "mcdsl/auth/protocol.h"
#include "mcdsl/base/bytes.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/http/form.h"
#include "mcdsl/web/internal/packing.h"
#include "mcdsl/web/internal/return_to.h"

namespace mcdsl::web::internal {
namespace {

namespace protocol = auth::protocol;

constexpr std::chrono::seconds kLifetime = std::chrono::minutes(10);
constexpr std::size_t kSecretBytes = 32;  // 256 bits, as RFC 7636 §7.1 wants of a verifier
constexpr std::size_t kMaxPending = 8;    // logins in one browser; past it a request's header would grow too long
constexpr std::size_t kMaxUsed = 10'000;
constexpr std::size_t kMaxCodeBytes = 2048;
constexpr std::size_t kNameDigits = 16;

std::unexpected<Error> refuse(std::string why, std::string text) {
  return fail(Error(Code::failed_precondition, "sso: " + std::move(why)).with_public_text(std::move(text)));
}

std::string challenge_of(std::string_view verifier) {
  return base64url_encode(crypto::as_bytes(crypto::sha256(verifier)));
}

// The names of the cookies that `begin` has set.
std::vector<std::string> cookies_of(const http::Headers& headers, std::string_view prefix) {
  std::vector<std::string> names;
  for (const auto& [name, value] : headers) {
    std::string_view rest = name == "cookie" ? value : std::string_view();
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = http::trim(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::string_view cookie = pair.substr(0, pair.find('='));
      if (cookie.starts_with(prefix) && cookie.size() == prefix.size() + kNameDigits && http::is_token(cookie)) {
        names.emplace_back(cookie);
      }
    }
  }
  return names;
}

struct SealedState {
  std::string state;
  Secret verifier;
  Clock::WallTime begun_at;
  std::string return_to;
};

std::optional<SealedState> unpack_state(std::string_view packed) {
  Unpacker in(packed);
  const auto begun_at = in.time();
  const auto state = in.text();
  const auto verifier = in.text();
  const auto return_to = in.text();
  if (!return_to || !in.is_at_end()) {
    return std::nullopt;
  }
  return SealedState{.state = std::string(*state),
                     .verifier = Secret(std::string(*verifier)),
                     .begun_at = *begun_at,
                     .return_to = std::string(*return_to)};
}

// A parameter that is there once and not empty.
std::optional<std::string> single(const Result<http::Form>& query, std::string_view name) {
  const auto value = query ? query->get(name) : Result<std::string_view>(fail(Code::invalid_argument, "no query"));
  return value && !value->empty() ? std::optional(std::string(*value)) : std::nullopt;
}

}  // namespace

SsoClient::SsoClient(Settings settings, const csrf::KeyFile& keys, const Clock& clock)
    : settings_(std::move(settings)), sealer_(keys, settings_.cookie_prefix), clock_(clock) {}

std::string SsoClient::cookie_name(std::string_view state) const {
  return settings_.cookie_prefix + crypto::to_hex(crypto::sha256(state)).substr(0, kNameDigits);
}

SsoClient::Begin SsoClient::begin(const http::Headers& headers, std::string_view return_to) const {
  const std::string state = base64url_encode(crypto::random_bytes(kSecretBytes));
  const Secret verifier(base64url_encode(crypto::random_bytes(kSecretBytes)));
  Packer out;
  out.time(clock_.now()).text(state).text(verifier.reveal()).text(safe_return_to(return_to));
  const Secret packed(std::move(out).take());
  Begin begin{.location = settings_.authorize_url,
              .cookie = {.name = cookie_name(state),
                         .value = sealer_.seal(packed.reveal()),
                         .max_age = kLifetime,
                         .same_site = http::SameSite::lax},  // the browser comes back from another site
              .excess = cookies_of(headers, settings_.cookie_prefix)};
  char separator = '?';
  const auto add = [&](std::string_view name, std::string_view value) {
    begin.location.append(1, separator).append(name).append("=").append(http::percent_encode(value));
    separator = '&';
  };
  add(protocol::kClientId, settings_.client_id);
  add(protocol::kRedirectUri, settings_.redirect_uri);
  add(protocol::kState, state);
  add(protocol::kCodeChallenge, challenge_of(verifier.reveal()));
  add(protocol::kCodeChallengeMethod, protocol::kCodeChallengeMethodS256);
  if (begin.excess.size() < kMaxPending) {
    begin.excess.clear();
  }
  return begin;
}

Result<SsoClient::Finish> SsoClient::finish(const http::Request& request) const {
  const auto query = http::Form::parse(request.query());
  const auto state = single(query, protocol::kState);
  if (!state) {
    return refuse("no state, or more than one", "the identity service's answer does not say which login it is for");
  }
  const std::string name = cookie_name(*state);
  const auto cookie = http::find_cookie(request.headers(), name);
  if (!cookie) {
    return refuse("no cookie of this state: another browser's, used, or too late",
                  "this login was not begun in this browser, is over, or took longer than ten minutes");
  }
  const auto packed = sealer_.open(*cookie);
  auto sealed = packed ? unpack_state(packed->reveal()) : std::nullopt;
  if (!sealed || !constant_time_equal(sealed->state, *state)) {
    return refuse("the cookie of this state does not belong to it", "this login was not begun in this browser");
  }
  const auto age = clock_.now() - sealed->begun_at;
  if (age >= kLifetime || age < -std::chrono::minutes(1)) {
    return refuse("a state that is too old", "this login took longer than ten minutes");
  }
  if (!use(name, sealed->begun_at + kLifetime)) {
    return refuse("a state that was used", "this login is over: it was finished before");
  }
  if (single(query, protocol::kError)) {
    return fail(Error(Code::permission_denied, "sso: the identity service let nobody in")
                    .with_public_text("the identity service did not let you in"));
  }
  auto code = single(query, protocol::kCode);
  if (!code || code->size() > kMaxCodeBytes) {
    return refuse("no code, or more than one", "the identity service's answer has no code in it");
  }
  return Finish{.code = {.code = Secret(*std::move(code)),
                         .code_verifier = std::move(sealed->verifier),
                         .client_id = settings_.client_id,
                         .redirect_uri = settings_.redirect_uri},
                .return_to = safe_return_to(sealed->return_to),
                .cookie_name = name};
}

bool SsoClient::use(const std::string& name, Clock::WallTime until) const {
  const std::scoped_lock lock(mutex_);
  std::erase_if(used_, [now = clock_.now()](const auto& entry) { return entry.second <= now; });
  if (used_.size() >= kMaxUsed) {
    used_.erase(std::ranges::min_element(used_, {}, [](const auto& entry) { return entry.second; }));
  }
  return used_.emplace(name, until).second;
}

}  // namespace mcdsl::web::internal
