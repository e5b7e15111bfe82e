#pragma once

#include <string>
#include <string_view>

#include "tools/mcias-dev/sso.h"

namespace mcias {

/// What the login page shows.
struct LoginPage {
  const SsoRequest& request;
  std::string_view csrf_token;
  std::string_view nonce;     ///< of the style
  std::string_view username;  ///< as it was typed
  std::string_view problem;   ///< why the last try failed; empty at the first
};

/// The names of the form's own fields.
inline constexpr std::string_view kCsrfField = "csrf_token";
inline constexpr std::string_view kUsernameField = "username";
inline constexpr std::string_view kPasswordField = "password";
inline constexpr std::string_view kTotpField = "totp_code";

[[nodiscard]] std::string login_page(const LoginPage& page);

/// A page that says what is wrong and leads nowhere.
[[nodiscard]] std::string problem_page(std::string_view problem, std::string_view nonce);

/// Text as it stands between tags and in quoted attributes.
[[nodiscard]] std::string escape_html(std::string_view text);

}  // namespace mcias
