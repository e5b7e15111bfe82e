#include "mcdsl/crypto/ed25519.h"

#include <algorithm>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "mcdsl/crypto/internal/openssl.h"

namespace mcdsl::crypto {
namespace {

using internal::Handle;
using internal::require;

constexpr std::size_t kSeedBytes = 32;

const unsigned char* unsigned_data(std::string_view bytes) noexcept {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

Handle<EVP_PKEY> openssl_key(const Secret& seed) {
  Handle<EVP_PKEY> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, unsigned_data(seed.reveal()), seed.reveal().size()));
  require(key != nullptr, "loading an Ed25519 key");
  return key;
}

Secret seed_of(const EVP_PKEY& key) {
  std::string seed(kSeedBytes, '\0');
  std::size_t size = seed.size();
  require(EVP_PKEY_get_raw_private_key(&key, reinterpret_cast<unsigned char*>(seed.data()), &size) == 1 &&
              size == kSeedBytes,
          "reading an Ed25519 key");
  return Secret(std::move(seed));
}

// PEM_read_bio_PrivateKey asks on the terminal for the password of an encrypted key unless told that there is none.
int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*context*/) {
  return -1;
}

}  // namespace

Result<Ed25519PublicKey> Ed25519PublicKey::from_bytes(std::string_view bytes) {
  Ed25519PublicKey key;
  if (bytes.size() != key.bytes_.size()) {
    return fail_visible(Code::invalid_argument,
                        "an Ed25519 public key has 32 bytes, not " + std::to_string(bytes.size()));
  }
  std::ranges::copy(bytes, key.bytes_.begin());
  return key;
}

std::string_view Ed25519PublicKey::bytes() const noexcept {
  return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
}

bool Ed25519PublicKey::verify(std::string_view message, std::string_view signature) const {
  const Handle<EVP_PKEY> key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_.data(), bytes_.size()));
  const Handle<EVP_MD_CTX> context(EVP_MD_CTX_new());
  require(key != nullptr && context != nullptr &&
              EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1,
          "preparing to verify an Ed25519 signature");
  const bool verified = EVP_DigestVerify(context.get(), unsigned_data(signature), signature.size(),
                                         unsigned_data(message), message.size()) == 1;
  ERR_clear_error();  // a refused signature is no failure that a later TLS call on this thread should stumble over
  return verified;
}

Ed25519PrivateKey Ed25519PrivateKey::generate() {
  const Handle<EVP_PKEY> generated(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  require(generated != nullptr, "making an Ed25519 key");
  return from_seed(seed_of(*generated));
}

Ed25519PrivateKey Ed25519PrivateKey::from_seed(Secret seed) {
  const auto openssl = openssl_key(seed);
  Ed25519PrivateKey key;
  key.seed_ = std::move(seed);
  std::size_t size = key.public_key_.bytes_.size();
  require(EVP_PKEY_get_raw_public_key(openssl.get(), key.public_key_.bytes_.data(), &size) == 1,
          "deriving an Ed25519 public key");
  return key;
}

Result<Ed25519PrivateKey> Ed25519PrivateKey::from_pem(const Secret& pem) {
  const std::string_view text = pem.reveal();
  const Handle<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  require(bio != nullptr, "BIO_new_mem_buf");
  const Handle<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (key == nullptr || EVP_PKEY_is_a(key.get(), "ED25519") != 1) {
    return fail(Code::invalid_argument, "not an unencrypted Ed25519 private key in PEM (PKCS #8)");
  }
  return from_seed(seed_of(*key));
}

Secret Ed25519PrivateKey::to_pem() const {
  const auto key = openssl_key(seed_);
  const Handle<BIO> bio(BIO_new(BIO_s_secmem()));
  require(
      bio != nullptr && PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
      "writing an Ed25519 key");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return Secret(std::string(data, static_cast<std::size_t>(size)));
}

Ed25519Signature Ed25519PrivateKey::sign(std::string_view message) const {
  const auto key = openssl_key(seed_);
  const Handle<EVP_MD_CTX> context(EVP_MD_CTX_new());
  Ed25519Signature signature{};
  std::size_t size = signature.size();
  require(context != nullptr && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
              EVP_DigestSign(context.get(), signature.data(), &size, unsigned_data(message), message.size()) == 1 &&
              size == signature.size(),
          "signing with Ed25519");
  return signature;
}

}  // namespace mcdsl::crypto
