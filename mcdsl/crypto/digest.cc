#include "mcdsl/crypto/digest.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/crypto/internal/openssl.h"

namespace mcdsl::crypto {
namespace {

using internal::Handle;
using internal::require;

// Fetching an algorithm costs more than hashing a token: once per process.
const EVP_MD* sha256_algorithm() {
  static const Handle<EVP_MD> digest(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  require(digest != nullptr, "fetching SHA-256");
  return digest.get();
}

const Handle<EVP_MAC>& hmac_algorithm() {
  static const Handle<EVP_MAC> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  require(mac != nullptr, "fetching HMAC");
  return mac;
}

EVP_MD_CTX* context_of_this_thread() {
  thread_local const Handle<EVP_MD_CTX> context(EVP_MD_CTX_new());
  require(context != nullptr, "EVP_MD_CTX_new");
  return context.get();
}

}  // namespace

Sha256 sha256(std::string_view bytes) {
  EVP_MD_CTX* context = context_of_this_thread();
  Sha256 digest{};
  require(EVP_DigestInit_ex2(context, sha256_algorithm(), nullptr) == 1 &&
              EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1 &&
              EVP_DigestFinal_ex(context, digest.data(), nullptr) == 1,
          "SHA-256");
  return digest;
}

std::string_view as_bytes(const Sha256& digest) noexcept {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string to_hex(const Sha256& digest) {
  return hex_encode(as_bytes(digest));
}

Sha256 hmac_sha256(std::string_view key, std::string_view bytes) {
  const Handle<EVP_MAC_CTX> context(EVP_MAC_CTX_new(hmac_algorithm().get()));
  require(context != nullptr, "EVP_MAC_CTX_new");
  std::string digest_name = "SHA256";
  const std::array<OSSL_PARAM, 2> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name.data(), 0), OSSL_PARAM_construct_end()};
  Sha256 digest{};
  std::size_t length = 0;
  // An empty key is legal in HMAC, but OpenSSL takes a null pointer for "no key set".
  const auto* key_bytes = reinterpret_cast<const unsigned char*>(key.empty() ? "" : key.data());
  require(EVP_MAC_init(context.get(), key_bytes, key.size(), parameters.data()) == 1 &&
              EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) == 1 &&
              EVP_MAC_final(context.get(), digest.data(), &length, digest.size()) == 1,
          "HMAC-SHA256");
  return digest;
}

struct Sha256Stream::State {
  Handle<EVP_MD_CTX> context{EVP_MD_CTX_new()};

  void start() {
    require(context != nullptr && EVP_DigestInit_ex2(context.get(), sha256_algorithm(), nullptr) == 1, "SHA-256");
  }
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
  state_->start();
}
Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;

void Sha256Stream::update(std::string_view bytes) {
  require(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1, "SHA-256");
}

Sha256 Sha256Stream::so_far() const {
  const State copy;
  require(copy.context != nullptr && EVP_MD_CTX_copy_ex(copy.context.get(), state_->context.get()) == 1, "SHA-256");
  Sha256 digest{};
  require(EVP_DigestFinal_ex(copy.context.get(), digest.data(), nullptr) == 1, "SHA-256");
  return digest;
}

Sha256 Sha256Stream::finish() {
  Sha256 digest{};
  require(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr) == 1, "SHA-256");
  state_->start();
  return digest;
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  require(RAND_bytes_ex(nullptr, reinterpret_cast<unsigned char*>(bytes.data()), count, 0) == 1, "RAND_bytes_ex");
  return bytes;
}

std::string random_uuid() {
  std::string bytes = random_bytes(16);
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0FU) | 0x40U);  // version 4
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3FU) | 0x80U);  // RFC 9562 variant
  const std::string hex = hex_encode(bytes);
  return hex.substr(0, 8) + '-' + hex.substr(8, 4) + '-' + hex.substr(12, 4) + '-' + hex.substr(16, 4) + '-' +
         hex.substr(20);
}

}  // namespace mcdsl::crypto
