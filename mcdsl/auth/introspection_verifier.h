#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "mcdsl/auth/token_verifier.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/log.h"
#include "mcdsl/base/secret.h"

namespace mcdsl::auth {

/// Verifies the tokens of an OAuth 2.0 authorization server by token introspection (RFC 7662), as a client of it.
///
/// A token that names a user (`username`) makes a human caller with the roles of `roles_from`; one without is a
/// client's own (RFC 6749 §4.4) and makes a system caller under its `client_id`, without roles. The subject is `sub`,
/// or for a client without one its `client_id`. A token without `exp` counts as good until its answer is forgotten.
///
/// Remembers answers, bounds and reports as Authenticator does, and takes the same care. Tokens are opaque to it, so
/// only those that cannot be a bearer token at all (RFC 6750 §2.1) are refused without a call.
class IntrospectionVerifier final : public TokenVerifier {
 public:
  /// Where an answer names the roles.
  enum class RolesFrom : std::uint8_t {
    roles,  ///< the member `roles`, an array of strings, which many servers add
    scope,  ///< the words of `scope` (RFC 6749 §3.3)
  };

  struct Settings {
    std::string endpoint;   ///< "https://id.example.org/oauth2/introspect"
    std::string client_id;  ///< sent with the secret by HTTP Basic (RFC 6749 §2.3.1)
    Secret client_secret;
    std::filesystem::path ca_cert = {};  ///< PEM; the only trust when set, otherwise the system's
    RolesFrom roles_from = RolesFrom::roles;
    std::chrono::nanoseconds timeout = std::chrono::seconds(5);
    std::size_t cache_entries = 10'000;
    std::size_t max_connections = 8;
    log::Logger logger = {};
  };

  /// Lifetime: the clock must outlive it. Throws Exception for settings it cannot work with.
  explicit IntrospectionVerifier(const Settings& settings, const Clock& clock = system_clock());
  ~IntrospectionVerifier() override;

 private:
  class State;

  [[nodiscard]] Result<std::shared_ptr<const Caller>> find_caller(std::string_view token,
                                                                  std::chrono::nanoseconds patience) const override;

  std::unique_ptr<State> state_;
};

}  // namespace mcdsl::auth
