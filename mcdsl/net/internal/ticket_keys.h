#pragma once

#include <array>
#include <memory>
#include <mutex>

#include "mcdsl/base/clock.h"
#include "mcdsl/net/internal/openssl.h"

namespace mcdsl::net {

/// The keys that session tickets are sealed with (RFC 8446 §4.6.1, RFC 5077 §4). Contexts that share them resume each
/// other's sessions, so a new certificate costs no client its session. A key seals for half a day and opens for half a
/// day more, longer than a ticket lives; then it is gone, and what it sealed falls back to a full handshake.
///
/// Threads: safe from any thread. Lifetime: contexts share it, see `install`.
class TicketKeys {
 public:
  explicit TicketKeys(const Clock& clock);
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  /// Has the context use the keys, and keep them.
  static void install(SSL_CTX& context, std::shared_ptr<TicketKeys> keys);

 private:
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
  };

  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                       int sealing);
  static Key make();
  void rotate();
  bool seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX& cipher, EVP_MAC_CTX& mac);
  bool open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX& cipher, EVP_MAC_CTX& mac);

  const Clock& clock_;
  std::mutex mutex_;
  Key current_;
  Key previous_;
  Clock::SteadyTime next_rotation_;
};

}  // namespace mcdsl::net
