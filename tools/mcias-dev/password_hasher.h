#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include "mcdsl/base/result.h"
#include "mcdsl/base/secret.h"

namespace mcias {

/// What one hash costs whoever computes it (RFC 9106 §3.1). The defaults are OWASP's recommendation: 19 MiB, two
/// passes, one lane; about 30 ms.
struct HashingCost {
  std::uint32_t memory_kib = 19'456;
  std::uint32_t iterations = 2;
  std::uint32_t parallelism = 1;
};

/// How many verifications there may be at once: a flood of logins takes no more than `running` cores and `running`
/// times the memory of one hash, and keeps no more than `running + waiting` threads.
struct HashingBounds {
  unsigned running = 2;
  unsigned waiting = 16;
};

/// Hashes passwords with Argon2id (RFC 9106), in the encoded form `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, which names
/// its own cost: hashes made at an earlier cost stay good.
/// Threads: safe from any thread.
class PasswordHasher {
 public:
  /// The right to verify one password, given back on destruction. Lifetime: the hasher outlives it.
  class Turn {
   public:
    Turn(Turn&& other) noexcept : hasher_(std::exchange(other.hasher_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn();

   private:
    friend class PasswordHasher;
    explicit Turn(PasswordHasher& hasher) noexcept : hasher_(&hasher) {}

    PasswordHasher* hasher_;
  };

  /// Throws Exception (invalid_argument) for a cost that Argon2 does not take.
  explicit PasswordHasher(const HashingCost& cost, const HashingBounds& bounds = {});
  PasswordHasher(const PasswordHasher&) = delete;
  PasswordHasher& operator=(const PasswordHasher&) = delete;

  /// With a new salt. Throws Exception (resource_exhausted) where memory is short.
  [[nodiscard]] std::string hash(const mcdsl::Secret& password) const;

  /// Waits until a verification may run. Errors: unavailable where too many wait already.
  [[nodiscard]] mcdsl::Result<Turn> wait_for_turn();

  /// Whether the password is the one of the hash. Throws Exception: data_loss for a text that is no Argon2id hash,
  /// resource_exhausted where memory is short.
  [[nodiscard]] bool verify(const Turn& turn, const std::string& encoded, const mcdsl::Secret& password);

  /// The hash of a password nobody knows: verifying against it costs what an account's own hash costs, so that the time
  /// of an answer does not tell which accounts exist.
  [[nodiscard]] const std::string& decoy() const noexcept { return decoy_; }

  /// How many passwords were verified.
  [[nodiscard]] std::uint64_t verifications() const noexcept { return verifications_; }

 private:
  void end_turn() noexcept;

  HashingCost cost_;
  HashingBounds bounds_;
  std::string decoy_;
  std::atomic<std::uint64_t> verifications_ = 0;

  std::mutex mutex_;
  std::condition_variable turn_ended_;
  unsigned running_ = 0;
  unsigned waiting_ = 0;
};

}  // namespace mcias
