#include "mcdsl/crypto/hmac_key.h"

#include <array>
#include <string>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "mcdsl/crypto/internal/openssl.h"

namespace mcdsl::crypto {

using internal::Handle;
using internal::require;

struct HmacKey::State {
  Handle<EVP_MAC_CTX> prepared;
};

HmacKey::HmacKey(const Secret& key) {
  const Handle<EVP_MAC> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  require(mac != nullptr, "fetching HMAC");
  auto state = std::make_shared<State>();
  state->prepared.reset(EVP_MAC_CTX_new(mac.get()));
  require(state->prepared != nullptr, "EVP_MAC_CTX_new");
  std::string digest_name = "SHA256";
  const std::array<OSSL_PARAM, 2> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name.data(), 0), OSSL_PARAM_construct_end()};
  // An empty key is legal in HMAC, but OpenSSL takes a null pointer for "no key set".
  const std::string_view text = key.reveal();
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.empty() ? "" : text.data());
  require(EVP_MAC_init(state->prepared.get(), bytes, text.size(), parameters.data()) == 1, "EVP_MAC_init");
  state_ = std::move(state);
}

Sha256 HmacKey::code(std::string_view bytes) const {
  // A copy, since a context belongs to one thread at a time; it has the two blocks of the key behind it.
  const Handle<EVP_MAC_CTX> context(EVP_MAC_CTX_dup(state_->prepared.get()));
  require(context != nullptr, "EVP_MAC_CTX_dup");
  Sha256 digest{};
  std::size_t length = 0;
  require(EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) == 1 &&
              EVP_MAC_final(context.get(), digest.data(), &length, digest.size()) == 1,
          "HMAC-SHA256");
  return digest;
}

}  // namespace mcdsl::crypto
