#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

#include "config.h"
#include "mcdsl/base/secret.h"

namespace mcq {

/// What the commands talk to: the person and the streams of the process, or those of a test.
struct Console {
  std::ostream& out;
  std::ostream& err;
  /// Asks for a word that is shown as it is typed.
  std::function<std::string(std::string_view prompt)> ask;
  /// Asks for one that is not.
  std::function<mcdsl::Secret(std::string_view prompt)> ask_secret;
  /// The next line of standard input.
  std::function<mcdsl::Secret()> read_line;
  std::filesystem::path token_file;
};

/// The console of the process, with the token at `default_token_file()`.
[[nodiscard]] Console process_console();

/// Where the token is kept: "mcq/token" in $XDG_STATE_HOME, or else in ~/.local/state. Throws Exception
/// (failed_precondition) where there is neither.
[[nodiscard]] std::filesystem::path default_token_file();

/// `mcq login [--user NAME] [--password-file FILE | --password-stdin] [--totp-stdin]`: logs in at the identity service
/// and keeps the token in a file of mode 0600, in place of one that is there. Without the options it asks; a code only
/// where it asks for the password, or with `--totp-stdin`, which reads one line more.
/// Returns the exit code: 0, 64 for a wrong command line, 1 where the login is refused or cannot be made. Throws
/// Exception for a password that cannot be read and a file that cannot be written.
[[nodiscard]] int run_login_command(std::span<const std::string> arguments, const Config& config,
                                    const Console& console);

/// `mcq logout`: revokes the token and removes its file. Where the identity service cannot be asked, the file stays.
[[nodiscard]] int run_logout_command(std::span<const std::string> arguments, const Config& config,
                                     const Console& console);

}  // namespace mcq
