#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "mcdsl/config/standard.h"
#include "tools/mcias-dev/login_limiter.h"
#include "tools/mcias-dev/password_hasher.h"
#include "tools/mcias-dev/policy.h"
#include "tools/mcias-dev/sso_client.h"

namespace mcias {

/// `[identity]`.
struct IdentitySettings {
  std::string issuer = "mcias-dev";                                  ///< the claim `iss` of every token
  std::chrono::nanoseconds token_lifetime = std::chrono::hours(12);  ///< of a human's token
  std::chrono::nanoseconds system_token_lifetime = std::chrono::days(365);
  std::filesystem::path key_file = {};  ///< empty: "signing-key.pem" beside the database
  std::int64_t argon2_memory_kib = HashingCost{}.memory_kib;
  std::int64_t argon2_iterations = HashingCost{}.iterations;
  std::int64_t argon2_parallelism = HashingCost{}.parallelism;
  std::int64_t argon2_running = HashingBounds{}.running;  ///< verifications at once
  std::int64_t argon2_waiting = HashingBounds{}.waiting;  ///< and those that wait; past it 503
  std::int64_t max_failures_per_username = 5;
  std::int64_t max_failures_per_address = 100;
  std::chrono::nanoseconds failure_window = std::chrono::minutes(15);

  void bind(mcdsl::config::Binder& b);

  [[nodiscard]] HashingCost hashing_cost() const;
  [[nodiscard]] HashingBounds hashing_bounds() const;
  [[nodiscard]] FailureLimit failures_per_username() const;
  [[nodiscard]] FailureLimit failures_per_address() const;
};

struct Config : mcdsl::config::Standard {
  IdentitySettings identity = {};
  std::vector<PolicyRule> policy = {};
  std::vector<SsoClient> sso_clients = {};

  void bind(mcdsl::config::Binder& b);

  [[nodiscard]] std::filesystem::path signing_key_file() const;
  [[nodiscard]] std::filesystem::path web_key_file() const;
};

}  // namespace mcias
