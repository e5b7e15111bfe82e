#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/result.h"
#include "mcdsl/base/secret.h"
#include "mcdsl/db/database.h"

namespace mcias {

/// What a code of single sign-on stands for: a login of this account, and who alone may have it.
struct SsoGrant {
  std::string username;
  std::int64_t revision = 0;  ///< of the account at its login
  std::string client_id;
  std::string redirect_uri;
  std::string code_challenge;

  friend bool operator==(const SsoGrant&, const SsoGrant&) = default;
};

/// The codes that are on their way from a login to a service. Each is random, good for 60 seconds and once, and stored
/// as its digest.
/// Threads: safe from any thread, and from several processes on one database. Lifetime: database and clock outlive it.
/// Errors: what db::Database reports for writes.
class SsoCodes {
 public:
  SsoCodes(const mcdsl::db::Database& database, const mcdsl::Clock& clock) : database_(database), clock_(clock) {}

  [[nodiscard]] mcdsl::Result<mcdsl::Secret> issue(const SsoGrant& grant) const;

  /// Takes a code out: it is good no more, whatever becomes of this. nullopt for one that is unknown, used or too old.
  [[nodiscard]] mcdsl::Result<std::optional<SsoGrant>> take(std::string_view code) const;

 private:
  const mcdsl::db::Database& database_;
  const mcdsl::Clock& clock_;
};

}  // namespace mcias
