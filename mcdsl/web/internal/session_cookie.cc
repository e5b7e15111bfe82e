#include "mcdsl/web/internal/session_cookie.h"

#include <algorithm>
#include <utility>

#include "mcdsl/base/bytes.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/web/internal/packing.h"

namespace mcdsl::web::internal {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kPrintDigits = 16;
constexpr std::chrono::seconds kSkew = std::chrono::minutes(1);  // between the clocks of replicas

}  // namespace

Secret pack(const SealedSession& session) {
  Packer out;
  out.number(kFormat).time(session.logged_in_at).time(session.last_seen_at).time(session.expires_at);
  out.text(session.id).text(session.roles).text(session.token.reveal());
  return Secret(std::move(out).take());
}

std::optional<SealedSession> unpack(std::string_view packed) {
  Unpacker in(packed);
  const auto format = in.number();
  const auto logged_in_at = in.time();
  const auto last_seen_at = in.time();
  const auto expires_at = in.time();
  const auto id = in.text();
  const auto roles = in.text();
  const auto token = in.text();
  if (!token || !in.is_at_end() || format != kFormat || id->empty()) {
    return std::nullopt;
  }
  return SealedSession{.token = Secret(std::string(*token)),
                       .id = std::string(*id),
                       .logged_in_at = *logged_in_at,
                       .last_seen_at = *last_seen_at,
                       .expires_at = *expires_at,
                       .roles = std::string(*roles)};
}

std::string SessionCodec::seal(const SealedSession& session) const {
  return sealer_.seal(pack(session).reveal());
}

std::optional<SealedSession> SessionCodec::open(std::string_view value, Clock::WallTime now) const {
  const auto packed = sealer_.open(value);
  auto session = packed ? unpack(packed->reveal()) : std::nullopt;
  return session && is_alive(*session, now) ? std::move(session) : std::nullopt;
}

bool SessionCodec::is_alive(const SealedSession& session, Clock::WallTime now) const noexcept {
  return session.logged_in_at <= now + kSkew && session.last_seen_at <= now + kSkew && now < session.expires_at &&
         now - session.logged_in_at < limits_.lifetime && now - session.last_seen_at < limits_.idle_timeout;
}

std::string random_id() {
  return base64url_encode(crypto::random_bytes(kIdBytes));
}

bool is_random_id(std::string_view text) {
  const auto bytes = base64url_decode(text);
  return bytes && bytes->size() == kIdBytes;
}

std::string print_of(std::vector<std::string> roles) {
  std::ranges::sort(roles);
  std::string all;
  for (const std::string& role : roles) {
    all.append(role).append(1, '\0');
  }
  return crypto::to_hex(crypto::sha256(all)).substr(0, kPrintDigits);
}

}  // namespace mcdsl::web::internal
