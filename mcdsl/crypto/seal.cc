#include "mcdsl/crypto/seal.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "mcdsl/crypto/digest.h"
#include "mcdsl/crypto/internal/openssl.h"

namespace mcdsl::crypto {
namespace {

using internal::Handle;
using internal::require;

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
static_assert(kNonceBytes + kTagBytes == kSealOverheadBytes);

// Fetching costs more than sealing a cookie: once per process.
const EVP_CIPHER* algorithm() {
  static const Handle<EVP_CIPHER> cipher(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  require(cipher != nullptr, "fetching AES-256-GCM");
  return cipher.get();
}

const unsigned char* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text, std::size_t at) noexcept {
  return reinterpret_cast<unsigned char*>(text.data() + at);
}

Handle<EVP_CIPHER_CTX> start(const Secret& key, std::string_view nonce, std::string_view associated, int encrypts) {
  require(key.reveal().size() == kSealKeyBytes, "sealing with a key that has not 32 bytes");
  Handle<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  require(context != nullptr, "EVP_CIPHER_CTX_new");
  int count = 0;
  require(
      EVP_CipherInit_ex2(context.get(), algorithm(), bytes_of(key.reveal()), bytes_of(nonce), encrypts, nullptr) == 1 &&
          (associated.empty() || EVP_CipherUpdate(context.get(), nullptr, &count, bytes_of(associated),
                                                  static_cast<int>(associated.size())) == 1),
      "AES-256-GCM");
  return context;
}

}  // namespace

std::string seal(const Secret& key, std::string_view text, std::string_view associated) {
  std::string sealed = random_bytes(kNonceBytes);
  const auto context = start(key, sealed, associated, 1);
  sealed.resize(kNonceBytes + text.size() + kTagBytes);
  int count = 0;
  require((text.empty() || EVP_CipherUpdate(context.get(), bytes_of(sealed, kNonceBytes), &count, bytes_of(text),
                                            static_cast<int>(text.size())) == 1) &&
              EVP_CipherFinal_ex(context.get(), bytes_of(sealed, kNonceBytes + text.size()), &count) == 1 &&
              EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes,
                                  bytes_of(sealed, kNonceBytes + text.size())) == 1,
          "sealing");
  return sealed;
}

std::optional<Secret> open(const Secret& key, std::string_view sealed, std::string_view associated) {
  if (sealed.size() < kSealOverheadBytes) {
    return std::nullopt;
  }
  const auto context = start(key, sealed.substr(0, kNonceBytes), associated, 0);
  const std::string_view hidden = sealed.substr(kNonceBytes, sealed.size() - kSealOverheadBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string text(hidden.size() + 1, '\0');  // one more, so that the end has an address
  int count = 0;
  const bool is_genuine =
      (hidden.empty() || EVP_CipherUpdate(context.get(), bytes_of(text, 0), &count, bytes_of(hidden),
                                          static_cast<int>(hidden.size())) == 1) &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_CipherFinal_ex(context.get(), bytes_of(text, hidden.size()), &count) == 1;
  if (!is_genuine) {
    wipe(text);         // what was decrypted before the tag said no is nobody's to see
    ERR_clear_error();  // no failure that a later TLS call on this thread should stumble over
    return std::nullopt;
  }
  text.resize(hidden.size());
  return Secret(std::move(text));
}

}  // namespace mcdsl::crypto
