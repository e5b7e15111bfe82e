#include "mcdsl/net/internal/ticket_keys.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "mcdsl/base/error.h"

namespace mcdsl::net {
namespace {

constexpr auto kRotation = std::chrono::hours(12);

// Looked up once: by name it would cost more than the sealing.
const EVP_CIPHER* aes_256_cbc() {
  static const std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)> cipher(
      EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr), EVP_CIPHER_free);
  return cipher.get();
}

bool set_mac_key(EVP_MAC_CTX& mac, std::array<unsigned char, 32>& key) {
  std::array<char, 7> digest{"SHA256"};
  const std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(&mac, parameters.data()) == 1;
}

// Where a context keeps its keys; frees them with the context.
int context_slot() {
  static const int slot =
      SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, [](void*, void* keys, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<std::shared_ptr<TicketKeys>*>(keys);
      });
  return slot;
}

}  // namespace

TicketKeys::TicketKeys(const Clock& clock)
    : clock_(clock), current_(make()), previous_(make()), next_rotation_(clock.steady() + kRotation) {}

TicketKeys::~TicketKeys() {
  OPENSSL_cleanse(&current_, sizeof current_);
  OPENSSL_cleanse(&previous_, sizeof previous_);
}

TicketKeys::Key TicketKeys::make() {
  Key key{};
  if (RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) != 1 ||
      RAND_priv_bytes(key.cipher.data(), static_cast<int>(key.cipher.size())) != 1 ||
      RAND_priv_bytes(key.mac.data(), static_cast<int>(key.mac.size())) != 1) {
    throw Exception(Code::internal, "TLS session tickets: " + take_openssl_errors());
  }
  return key;
}

void TicketKeys::install(SSL_CTX& context, std::shared_ptr<TicketKeys> keys) {
  auto kept = std::make_unique<std::shared_ptr<TicketKeys>>(std::move(keys));
  if (SSL_CTX_set_ex_data(&context, context_slot(), kept.get()) != 1 ||
      SSL_CTX_set_tlsext_ticket_key_evp_cb(&context, on_ticket) != 1) {
    SSL_CTX_set_ex_data(&context, context_slot(), nullptr);
    throw Exception(Code::internal, "TLS session tickets: " + take_openssl_errors());
  }
  [[maybe_unused]] auto* owned_by_the_context = kept.release();
}

int TicketKeys::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                          int sealing) {
  constexpr int kNoTicket = 0;
  constexpr int kSealed = 1;
  constexpr int kOpenedOnce = 2;  // the client gets a new one: it is to use none twice (RFC 8446 §C.4)
  const auto& keys =
      *static_cast<std::shared_ptr<TicketKeys>*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_slot()));
  try {
    if (sealing == 1) {
      return keys->seal(name, iv, *cipher, *mac) ? kSealed : kNoTicket;
    }
    return keys->open(name, iv, *cipher, *mac) ? kOpenedOnce : kNoTicket;
  } catch (...) {
    return kNoTicket;  // without random bytes a session cannot be resumed, and the handshake goes on
  }
}

void TicketKeys::rotate() {
  const auto now = clock_.steady();
  if (now < next_rotation_) {
    return;
  }
  const bool is_current_too_old = now >= next_rotation_ + kRotation;
  previous_ = is_current_too_old ? make() : current_;
  current_ = make();
  next_rotation_ = now + kRotation;
}

bool TicketKeys::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX& cipher, EVP_MAC_CTX& mac) {
  const std::scoped_lock lock(mutex_);
  rotate();
  std::ranges::copy(current_.name, name);
  return RAND_bytes(iv, EVP_CIPHER_get_iv_length(aes_256_cbc())) == 1 &&
         EVP_EncryptInit_ex2(&cipher, aes_256_cbc(), current_.cipher.data(), iv, nullptr) == 1 &&
         set_mac_key(mac, current_.mac);
}

bool TicketKeys::open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX& cipher, EVP_MAC_CTX& mac) {
  const std::scoped_lock lock(mutex_);
  rotate();
  for (Key* key : {&current_, &previous_}) {
    if (std::ranges::equal(key->name, std::span(name, key->name.size()))) {
      return EVP_DecryptInit_ex2(&cipher, aes_256_cbc(), key->cipher.data(), iv, nullptr) == 1 &&
             set_mac_key(mac, key->mac);
    }
  }
  return false;
}

}  // namespace mcdsl::net
