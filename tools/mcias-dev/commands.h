#pragma once

#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/secret.h"
#include "tools/mcias-dev/config.h"

namespace mcias {

/// What a command talks to: the process's streams, or those of a test.
struct Console {
  std::ostream& out;
  std::ostream& err;
  /// Asks a person for a password without showing it.
  std::function<mcdsl::Secret(std::string_view prompt)> ask_password;
  /// Reads the next line of standard input.
  std::function<mcdsl::Secret()> read_line;
  const mcdsl::Clock& clock = mcdsl::system_clock();
};

/// `mcias-dev user add|passwd|role|disable|enable|list`, on the database, while the server runs or not. A new password,
/// new roles and disabling revoke the account's tokens.
/// Returns the exit code: 0, or 64 for a wrong command line. Throws Exception for everything else.
[[nodiscard]] int run_user_command(std::span<const std::string> arguments, const Config& config,
                                   const Console& console);

/// `mcias-dev token issue NAME`: prints a long-lived token of a system account and nothing else.
[[nodiscard]] int run_token_command(std::span<const std::string> arguments, const Config& config,
                                    const Console& console);

/// `mcias-dev totp enroll NAME`: shows a new secret as a QR code and as text, and stores it once a first code has
/// proven that an app knows it; `totp disable NAME`. Both revoke the account's tokens.
[[nodiscard]] int run_totp_command(std::span<const std::string> arguments, const Config& config,
                                   const Console& console);

}  // namespace mcias
