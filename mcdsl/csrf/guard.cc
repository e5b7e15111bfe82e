#include "mcdsl/csrf/guard.h"

#include <cstddef>
#include <cstdint>

#include "mcdsl/base/bytes.h"

namespace mcdsl::csrf {
namespace {

constexpr std::string_view kPurpose = "csrf token";
constexpr std::size_t kNonceBytes = 16;
constexpr std::size_t kTimeBytes = 8;
constexpr std::size_t kSignedBytes = kNonceBytes + kTimeBytes;
constexpr std::size_t kTokenBytes = kSignedBytes + sizeof(crypto::Sha256);
constexpr std::chrono::seconds kSkew = std::chrono::minutes(1);

std::int64_t seconds_since_epoch(const Clock& clock) {
  return std::chrono::floor<std::chrono::seconds>(clock.now()).time_since_epoch().count();
}

void append_big_endian(std::string& bytes, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>((number >> static_cast<unsigned>(shift)) & 0xFFU));
  }
}

std::uint64_t read_big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) {
    number = (number << 8U) | static_cast<unsigned char>(byte);
  }
  return number;
}

// The signed part has one length, so where it ends and the binding begins is never in doubt.
crypto::Sha256 sign(const Key& key, std::string_view signed_part, std::string_view binding) {
  std::string text;
  text.reserve(signed_part.size() + binding.size());
  text.append(signed_part).append(binding);
  return key.code(kPurpose, text);
}

std::unexpected<Error> refuse(std::string why) {
  return fail(Error(Code::permission_denied, "csrf: " + std::move(why))
                  .with_public_text("this form is not from a current page: reload the page and try again"));
}

}  // namespace

std::string Guard::issue(std::string_view binding) const {
  if (binding.empty()) {
    throw Exception(Code::internal, "a csrf token needs a session to be bound to");
  }
  std::string token = crypto::random_bytes(kNonceBytes);
  token.reserve(kTokenBytes);
  append_big_endian(token, static_cast<std::uint64_t>(seconds_since_epoch(clock_)));
  const crypto::Sha256 code = sign(keys_.keys()->current, token, binding);
  token.append(crypto::as_bytes(code));
  return base64url_encode(token);
}

Result<void> Guard::check(std::string_view binding, std::string_view token) const {
  if (token.empty()) {
    return refuse("no token");
  }
  if (binding.empty()) {
    return refuse("no session that the token could be bound to");
  }
  const auto bytes = base64url_decode(token);
  if (!bytes || bytes->size() != kTokenBytes) {
    return refuse("a malformed token");
  }
  const std::string_view signed_part = std::string_view(*bytes).substr(0, kSignedBytes);
  const std::string_view code = std::string_view(*bytes).substr(kSignedBytes);
  const bool is_genuine = keys_.find(
      [&](const Key& key) { return constant_time_equal(crypto::as_bytes(sign(key, signed_part, binding)), code); });
  if (!is_genuine) {
    return refuse("a token of another session, of a key that is gone, or a forged one");
  }
  // Genuine, so it holds what `issue` wrote: a number of seconds that the arithmetic below has room for.
  const auto issued = static_cast<std::int64_t>(read_big_endian(signed_part.substr(kNonceBytes)));
  const std::int64_t age = seconds_since_epoch(clock_) - issued;
  if (age > max_age_.count()) {
    return refuse("a token that is too old");
  }
  if (age < -kSkew.count()) {
    return refuse("a token from the future: the clocks of the replicas differ");
  }
  return {};
}

}  // namespace mcdsl::csrf
