#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/auth/caller.h"
#include "mcdsl/auth/internal/server_for_test.h"
#include "mcdsl/auth/jwt.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/config/standard.h"
#include "mcdsl/crypto/ed25519.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::auth::internal {

/// An identity service for tests: real tokens, real TLS, and every answer can be replaced.
/// Threads: safe from any thread. Lifetime: the clock must outlive it.
class TestMcias {
 public:
  explicit TestMcias(const Clock& clock);

  /// What a service is configured with to use this one.
  [[nodiscard]] config::Mcias settings() const;
  [[nodiscard]] const TestServer& server() const noexcept { return server_; }

  /// A valid token of alice, with these differences.
  struct Account {
    std::string username = "alice";
    AccountType account_type = AccountType::human;
    std::vector<std::string> roles = {"user"};
    std::chrono::seconds lifetime = std::chrono::hours(1);
  };
  [[nodiscard]] std::string issue(const Account& account);
  [[nodiscard]] std::string issue() { return issue(Account()); }
  void revoke(const std::string& token);

  /// Signs with a new key from now on, and publishes that one alone.
  void rotate_key();
  /// Keeps the key id and changes the key, as a service does that was set up anew.
  void replace_key();

  /// Answers every call of a path with this from now on.
  void answer(std::string_view path, TestServer::Handler handler);
  void answer(std::string_view path, TestResponse response);
  /// How often a path was called, and the last call of it.
  [[nodiscard]] int calls(std::string_view path) const;
  [[nodiscard]] TestRequest last(std::string_view path) const;

  static constexpr std::string_view kPassword = "correct horse";

 private:
  [[nodiscard]] TestResponse handle(const TestRequest& request);
  [[nodiscard]] TestResponse respond(const TestRequest& request);
  [[nodiscard]] TestResponse validate(const std::string& token) const;
  [[nodiscard]] TestResponse session(const std::string& token) const;

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::string key_id_ = "key-1";
  crypto::Ed25519PrivateKey key_ = crypto::Ed25519PrivateKey::generate();
  std::map<std::string, Claims> valid_;
  std::map<std::string, TestServer::Handler, std::less<>> answers_;
  std::map<std::string, int, std::less<>> calls_;
  std::map<std::string, TestRequest, std::less<>> last_;
  testing::TempDir dir_;
  testing::CertificateAuthority ca_;
  TestServer server_;  // last: its threads use all the others
};

}  // namespace mcdsl::auth::internal
