#include "tools/mcias-dev/totp.h"

#include <array>
#include <chrono>
#include <cstddef>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/http/request.h"

namespace mcias {
namespace {

constexpr std::size_t kSecretBytes = 20;
constexpr std::chrono::seconds kStep{30};
constexpr std::size_t kDigits = 6;
constexpr std::size_t kSha1Bytes = 20;

// SHA-1 is broken for signatures and not for this (RFC 6194 §3.3); apps know nothing else reliably.
std::array<std::uint8_t, kSha1Bytes> hmac_sha1(std::string_view key, std::string_view bytes) {
  std::array<std::uint8_t, kSha1Bytes> digest{};
  unsigned size = 0;
  if (HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
           bytes.size(), digest.data(), &size) == nullptr ||
      size != digest.size()) {
    throw mcdsl::Exception(mcdsl::Code::internal, "HMAC-SHA-1 failed");
  }
  return digest;
}

}  // namespace

mcdsl::Secret new_totp_secret() {
  return mcdsl::Secret(mcdsl::crypto::random_bytes(kSecretBytes));
}

std::int64_t totp_step(mcdsl::Clock::WallTime time) noexcept {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()) / kStep;
}

std::string totp_code(const mcdsl::Secret& secret, std::int64_t step) {
  std::string counter;  // eight bytes, the highest first (RFC 4226 §5.2)
  for (int shift = 56; shift >= 0; shift -= 8) {
    counter.push_back(static_cast<char>((static_cast<std::uint64_t>(step) >> static_cast<unsigned>(shift)) & 0xFFU));
  }
  const auto digest = hmac_sha1(secret.reveal(), counter);
  const std::size_t at = digest.back() & 0x0FU;  // dynamic truncation (RFC 4226 §5.3)
  std::uint32_t number = digest.at(at) & 0x7FU;
  for (std::size_t i = 1; i < 4; ++i) {
    number = (number << 8U) | digest.at(at + i);
  }
  std::string code(kDigits, '0');
  for (std::size_t i = kDigits; i-- > 0; number /= 10) {
    code[i] = static_cast<char>('0' + number % 10);
  }
  return code;
}

std::optional<std::int64_t> find_totp_step(const mcdsl::Secret& secret, std::string_view code,
                                           mcdsl::Clock::WallTime now, std::int64_t last_used) {
  std::optional<std::int64_t> found;
  const std::int64_t present = totp_step(now);
  for (std::int64_t step = present - 1; step <= present + 1; ++step) {
    const bool matches = mcdsl::constant_time_equal(totp_code(secret, step), code);
    if (matches && step > last_used) {
      found = step;
    }
  }
  return found;
}

std::string base32_encode(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : bytes) {
    bits = (bits << 8U) | static_cast<unsigned char>(c);
    for (count += 8; count >= 5; count -= 5) {
      text.push_back(kAlphabet[(bits >> (count - 5)) & 0x1FU]);
    }
  }
  if (count > 0) {
    text.push_back(kAlphabet[(bits << (5 - count)) & 0x1FU]);
  }
  return text;
}

std::string otpauth_uri(std::string_view issuer, std::string_view username, const mcdsl::Secret& secret) {
  const std::string name = mcdsl::http::percent_encode(issuer);
  return "otpauth://totp/" + name + ":" + mcdsl::http::percent_encode(username) +
         "?secret=" + base32_encode(secret.reveal()) + "&issuer=" + name;
}

}  // namespace mcias
