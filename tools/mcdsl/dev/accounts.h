#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/secret.h"
#include "tools/mcdsl/dev/process.h"
#include "tools/mcdsl/dev/supervisor.h"

namespace mcdsl::tool {

/// Someone who can log in at the identity service of `mcdsl dev`.
struct Account {
  std::string name;
  std::vector<std::string> roles;
  Secret password;
  bool is_password_given = false;  ///< and so not ours to show
};

/// alice, an administrator, and bob, a user, with new passwords.
[[nodiscard]] std::vector<Account> default_accounts();

/// Accounts, one a line: a name, its roles with commas between, and perhaps its password, the rest of the line. Empty
/// lines and those that begin with "#" are skipped; who has no password gets a new one. Throws Exception
/// (invalid_argument) naming the line.
[[nodiscard]] std::vector<Account> parse_accounts(std::string_view text);

/// Makes the accounts, or gives those that are there these passwords and roles, with the commands of mcias-dev.
/// `options` go behind each (`--config FILE`). Throws Exception where one fails, and Interrupted.
void make_accounts(const std::vector<Account>& accounts, const std::string& program,
                   const std::vector<std::string>& options, const std::vector<std::string>& environment,
                   const StopSignals& signals, std::chrono::milliseconds patience);

/// It was asked to stop while it was beginning.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("stopped before everything was up") {}
};

/// Runs a program to its end and returns what it printed. Throws Exception (unavailable) where it fails or takes longer
/// than `patience`, with what it printed; Interrupted at a signal.
std::string run_to_end(const Process::Settings& settings, const StopSignals& signals,
                       std::chrono::milliseconds patience);

}  // namespace mcdsl::tool
