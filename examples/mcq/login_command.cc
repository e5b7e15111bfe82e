#include "login_command.h"

#include <cstdlib>
#include <iostream>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "mcdsl/auth/authenticator.h"
#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "mcdsl/base/time.h"
#include "mcdsl/terminal/password.h"

namespace mcq {
namespace {

namespace auth = mcdsl::auth;
namespace terminal = mcdsl::terminal;
using mcdsl::Code;
using mcdsl::Exception;
using mcdsl::Secret;

constexpr int kOk = 0;
constexpr int kFailure = 1;
constexpr int kUsage = 64;  // EX_USAGE of sysexits.h

// nullopt where the words are right; else the exit code.
std::optional<int> parse(CLI::App& app, std::span<const std::string> arguments, const Console& console) {
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them from the back
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem, console.out, console.err) == 0 ? kOk : kUsage;
  }
  return std::nullopt;
}

int refuse(const Console& console, const mcdsl::Error& error) {
  console.err << "mcq: " << mcdsl::printable(error.to_string()) << "\n";
  return kFailure;
}

}  // namespace

Console process_console() {
  return {.out = std::cout,
          .err = std::cerr,
          .ask =
              [](std::string_view prompt) {
                std::cerr << prompt << std::flush;
                std::string line;
                std::getline(std::cin, line);
                return line;
              },
          .ask_secret = [](std::string_view prompt) { return terminal::read_password(prompt); },
          .read_line = [] { return terminal::read_password_line(STDIN_FILENO); },
          .token_file = default_token_file()};
}

std::filesystem::path default_token_file() {
  // NOLINTBEGIN(concurrency-mt-unsafe): the process has one thread here, and nobody sets anything
  // A relative one is to be ignored (XDG Base Directory Specification 0.8).
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return std::filesystem::path(state) / "mcq" / "token";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return std::filesystem::path(home) / ".local" / "state" / "mcq" / "token";
  }
  // NOLINTEND(concurrency-mt-unsafe)
  throw Exception(Code::failed_precondition, "there is no place for the token: neither XDG_STATE_HOME nor HOME is set");
}

int run_login_command(std::span<const std::string> arguments, const Config& config, const Console& console) {
  CLI::App app("Log in, and keep the token for other commands.", "mcq login");
  std::string user;
  std::string password_file;
  bool from_stdin = false;
  bool totp_from_stdin = false;
  app.add_option("--user", user, "the account; asked for where it is missing");
  auto* file = app.add_option("--password-file", password_file, "a file that nobody else may read");
  app.add_flag("--password-stdin", from_stdin, "the first line of standard input")->excludes(file);
  app.add_flag("--totp-stdin", totp_from_stdin, "a one-time code on the next line of standard input");
  if (const auto code = parse(app, arguments, console)) {
    return *code;
  }
  const bool asks = !from_stdin && password_file.empty();
  if (user.empty() && from_stdin) {
    console.err << "mcq login: --password-stdin needs --user\n";
    return kUsage;
  }
  auth::Credentials credentials;
  credentials.username = user.empty() ? console.ask("User: ") : user;
  if (!password_file.empty()) {
    credentials.password = terminal::read_password_file(password_file);
  } else {
    credentials.password = asks ? console.ask_secret("Password: ") : console.read_line();
  }
  if (totp_from_stdin) {
    credentials.totp_code = console.read_line();
  } else if (asks) {
    Secret code = console.ask_secret("One-time code, if you have one: ");
    if (!code.reveal().empty()) {
      credentials.totp_code = std::move(code);
    }
  }
  const auth::Authenticator authenticator(config.mcias);
  const auto session = authenticator.login(credentials);
  if (!session) {
    return refuse(console, session.error());
  }
  const auto folder = console.token_file.parent_path();
  if (std::filesystem::create_directories(folder)) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
  }
  // In memory twice for a moment; the string is cleared with the secret that it becomes.
  const Secret line(std::string(session->token.reveal()) + "\n");
  mcdsl::write_file_atomically(console.token_file, line.reveal());
  console.out << "logged in as " << mcdsl::printable(credentials.username) << " until "
              << mcdsl::format_rfc3339(session->expires_at) << "\n";
  return kOk;
}

int run_logout_command(std::span<const std::string> arguments, const Config& config, const Console& console) {
  CLI::App app("Revoke the token that `mcq login` keeps.", "mcq logout");
  if (const auto code = parse(app, arguments, console)) {
    return *code;
  }
  if (!std::filesystem::exists(console.token_file)) {
    console.out << "not logged in\n";
    return kOk;
  }
  const Secret token = terminal::read_password_file(console.token_file);
  const auth::Authenticator authenticator(config.mcias);
  // A token that nobody could read as one is not worth keeping.
  if (const auto done = authenticator.logout(token.reveal()); !done && done.error().code() != Code::unauthenticated) {
    return refuse(console, done.error());
  }
  std::filesystem::remove(console.token_file);
  console.out << "logged out\n";
  return kOk;
}

}  // namespace mcq
