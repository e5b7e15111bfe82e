#pragma once

#include <compare>
#include <cstddef>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "mcdsl/http/application.h"

namespace mcdsl::testing {

/// Stands around an application under test, and remembers every secret that passes, so that a test can tell that none
/// of them came into a log:
///
///     const testing::SecretWatch watch(service.application());
///     const testing::AppClient client(watch);
///     client.post("/v1/auth/login", R"({"username":"alice","password":"correct horse"})");
///     EXPECT_THAT(watch.kinds(), Contains("password"));  // otherwise the next line would say nothing
///     EXPECT_THAT(watch.kinds_in(log.text()), IsEmpty());
///
/// It knows a secret by where it stands: `password`, `totp_code`, `csrf_token`, `token`, and `code` and `state` of
/// single sign-on in forms, in queries and in where a client is sent to; the first four on the top level of JSON;
/// bearer tokens, X-CSRF-Token, every cookie, and the csrf tokens of pages. It looks into no form with files and no
/// message of RPC.
///
/// Threads: safe from any thread. Lifetime: `application` outlives it.
class SecretWatch final : public http::Application {
 public:
  explicit SecretWatch(const http::Application& application) : application_(application) {}

  http::BodyPlan plan(http::Request& request) const override { return application_.plan(request); }
  http::Response serve(http::Request& request) const override;

  /// One that it would not know by itself. What has fewer than kShortest bytes could be in a log by chance: unless it
  /// is a code of six digits, spaces aside, it is passed over.
  void learn(std::string_view kind, std::string_view value) const;

  /// What has passed so far: "password", "totp_code", "csrf_token", "token", "code", "state", "cookie NAME" and what
  /// else `learn` was told.
  [[nodiscard]] std::set<std::string> kinds() const;

  /// The kinds of those that stand in a text, as they are or encoded as in URLs and forms; of a long one its middle is
  /// enough. With them "token" for anything that looks like a JWT (RFC 7519), whoever it was given to.
  [[nodiscard]] std::set<std::string> kinds_in(std::string_view text) const;

  static constexpr std::size_t kShortest = 8;

 private:
  struct Known {
    std::string kind;
    std::string value;
    auto operator<=>(const Known&) const = default;
  };

  void learn_from(const http::Request& request) const;
  void learn_from(const http::Response& response) const;
  void learn_form(std::string_view text) const;
  void learn_json(std::string_view text) const;
  void learn_cookies(std::string_view pairs) const;

  const http::Application& application_;
  mutable std::mutex mutex_;
  mutable std::set<Known> known_;  // guarded by mutex_
};

}  // namespace mcdsl::testing
