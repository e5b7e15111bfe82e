#pragma once

#include <functional>
#include <optional>
#include <string>

#include "mcdsl/csrf/guard.h"
#include "mcdsl/csrf/origin.h"
#include "mcdsl/http/application.h"

namespace mcdsl::web::internal {

inline constexpr std::string_view kCsrfField = "csrf_token";
inline constexpr std::string_view kCsrfHeader = "x-csrf-token";

/// The body of a request whose csrf token stands in it: shut until the token was seen.
class GuardedBody final : public http::BodyReader {
 public:
  GuardedBody(http::BodyReader& body, const csrf::Guard& guard, std::string binding)
      : body_(body), guard_(guard), binding_(std::move(binding)) {}

  [[nodiscard]] Result<std::size_t> read(std::span<char> into) override;

  /// Reads go through from here on, as far as to the token.
  void begin_check() noexcept { state_ = State::checking; }
  /// What comes of the check: all the rest, or nothing any more.
  [[nodiscard]] Result<void> end_check(std::string_view token);
  void refuse() noexcept { state_ = State::shut; }
  [[nodiscard]] bool is_open() const noexcept { return state_ == State::open; }

 private:
  enum class State : std::uint8_t { shut, checking, open };

  http::BodyReader& body_;
  const csrf::Guard& guard_;
  const std::string binding_;
  State state_ = State::shut;
};

/// An attribute of a request that streams its body.
struct PendingCheck {
  GuardedBody* body;
};

/// Lets a request through that may change something: a safe method; a program that shows a bearer token and has no
/// cookies; or one that comes from our own pages, by `Sec-Fetch-Site`, `Origin` and then the token. Behind the session
/// middleware, which leaves a Visit. Lifetime: guard and origin outlive it. Threads: any.
class CsrfCheck {
 public:
  /// `refuse` makes the answer for an error: permission_denied, invalid_argument for a form that cannot be read, and
  /// unauthenticated where no session came that a token could belong to.
  using Refuse = std::function<http::Response(const http::Request&, Error)>;

  CsrfCheck(const csrf::Guard& guard, const csrf::Origin& own, Refuse refuse)
      : guard_(guard), own_(own), refuse_(std::move(refuse)) {}

  [[nodiscard]] http::Response handle(http::Request& request, const http::Handler& next) const;

 private:
  [[nodiscard]] Result<void> check_source_of(const http::Request& request) const;
  [[nodiscard]] http::Response handle_stream(http::Request& request, const std::string& binding,
                                             const http::Handler& next) const;

  const csrf::Guard& guard_;
  const csrf::Origin& own_;
  Refuse refuse_;
};

}  // namespace mcdsl::web::internal
