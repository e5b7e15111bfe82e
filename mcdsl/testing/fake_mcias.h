#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/secret.h"
#include "mcdsl/config/standard.h"

namespace mcdsl::testing {

/// An identity service inside a test: the REST calls of MCIAS over TLS on a free port of 127.0.0.1, with real tokens,
/// accounts in memory and no password hashing, and the two calls of single sign-on with PKCE.
///
///     testing::FakeMcias mcias;
///     mcias.add_user("alice", "correct horse", {"admin"});
///     const auth::Authenticator authenticator(mcias.settings("notes"));
///     ...
///     mcias.go_down();  // from now on the service under test has to answer 503
///
/// Threads: all methods are safe from any thread. Lifetime: the clock, which tokens expire by, outlives it.
class FakeMcias {
 public:
  explicit FakeMcias(const Clock& clock = system_clock());
  ~FakeMcias();
  FakeMcias(const FakeMcias&) = delete;
  FakeMcias& operator=(const FakeMcias&) = delete;

  /// "https://127.0.0.1:43721"
  [[nodiscard]] const std::string& url() const noexcept;

  /// What a service needs to find and trust it.
  [[nodiscard]] config::Mcias settings(std::string service_name = "test") const;

  /// A person who can log in. A name that is there already gets the new password and roles.
  void add_user(const std::string& username, std::string_view password, std::vector<std::string> roles = {"user"});

  /// From now on the account has these roles, also where a token says others. Throws Exception (not_found) where there
  /// is no such account.
  void set_roles(const std::string& username, std::vector<std::string> roles);

  /// The account is gone and its tokens with it.
  void remove_user(const std::string& username);

  /// Logins of this account need this code of a second factor too, from now on.
  void require_totp(const std::string& username, std::string_view code);

  /// A service, which has no password: its tokens come from `issue_token`.
  void add_system(const std::string& username);

  /// Logins of this account to this service are answered with 403 from now on.
  void deny(const std::string& username, const std::string& service_name);

  /// A service that people may log in to by single sign-on (`/sso/authorize`), and where they are sent back to.
  void add_sso_client(const std::string& client_id, const std::string& redirect_uri);

  /// Who sits at the browser that comes to `/sso/authorize`: they are sent back with a code at once, without a login
  /// page. Nobody from the start, and for an empty name: 401 then.
  void sso_login_as(const std::string& username);

  /// A token without a login. Throws Exception (not_found) where there is no such account.
  [[nodiscard]] Secret issue_token(const std::string& username, std::chrono::seconds lifetime = std::chrono::hours(12));

  /// The token is valid no more. One that is not ours is none of ours to revoke: nothing happens.
  void revoke(std::string_view token);

  /// Refuses connections and cuts those there are, until it comes back on the same port.
  /// `come_back` throws Exception (unavailable) where another process has taken the port meanwhile.
  void go_down();
  void come_back();

  /// How often each call was made, whatever the answer.
  struct Calls {
    std::uint64_t login = 0;
    std::uint64_t logout = 0;
    std::uint64_t renew = 0;
    std::uint64_t validate = 0;
    std::uint64_t public_key = 0;
    std::uint64_t health = 0;
    std::uint64_t sso_authorize = 0;
    std::uint64_t sso_token = 0;
  };
  [[nodiscard]] Calls calls() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mcdsl::testing
