#include "tools/mcdsl/dev/accounts.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <poll.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/error.h"
#include "mcdsl/crypto/digest.h"

namespace mcdsl::tool {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kPasswordBytes = 12;

Secret new_password() {
  return Secret(base64url_encode(crypto::random_bytes(kPasswordBytes)));
}

std::vector<std::string> split_roles(std::string_view text) {
  std::vector<std::string> roles;
  for (;;) {
    const auto comma = text.find(',');
    roles.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) {
      return roles;
    }
    text.remove_prefix(comma + 1);
  }
}

// As mcias-dev keeps names.
std::string lower(std::string_view text) {
  std::string name(text);
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

// The first word of a line, taken off it with the spaces behind.
std::string_view take_word(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(std::min(line.find_first_not_of(" \t", word.size()), line.size()));
  return word;
}

}  // namespace

std::vector<Account> default_accounts() {
  std::vector<Account> accounts;
  accounts.push_back({.name = "alice", .roles = {"admin"}, .password = new_password()});
  accounts.push_back({.name = "bob", .roles = {"user"}, .password = new_password()});
  return accounts;
}

std::vector<Account> parse_accounts(std::string_view text) {
  std::vector<Account> accounts;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line = line.substr(0, line.find_last_not_of('\r') + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty() || line.front() == '#') {
      continue;
    }
    const std::string_view name = take_word(line);
    const std::string_view roles = take_word(line);
    if (name.empty() || roles.empty()) {
      throw Exception(Code::invalid_argument,
                      "accounts, line " + std::to_string(number) + ": want a name, its roles and perhaps a password");
    }
    accounts.push_back({.name = lower(name),
                        .roles = split_roles(roles),
                        .password = line.empty() ? new_password() : Secret(std::string(line)),
                        .is_password_given = !line.empty()});
  }
  if (accounts.empty()) {
    throw Exception(Code::invalid_argument, "accounts: there are none");
  }
  return accounts;
}

std::string run_to_end(const Process::Settings& settings, const StopSignals& signals, milliseconds patience) {
  Process process(settings);
  std::string output;
  const auto deadline = system_clock().steady() + patience;
  for (;;) {
    const auto ending = process.ending();
    process.read_output(output);
    if (ending) {
      if (!ending->is_clean()) {
        throw Exception(Code::unavailable,
                        settings.words[0] + " " + settings.words[1] + ": " + ending->to_string() + ": " + output);
      }
      return output;
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline - system_clock().steady());
    if (left <= milliseconds(0)) {
      throw Exception(Code::unavailable, settings.words[0] + " " + settings.words[1] + " does not come to its end");
    }
    std::array<pollfd, 3> wanted{{{.fd = signals.fd(), .events = POLLIN, .revents = 0},
                                  {.fd = process.exit_fd(), .events = POLLIN, .revents = 0},
                                  {.fd = process.output_fd(), .events = POLLIN, .revents = 0}}};
    ::poll(wanted.data(), wanted.size(), static_cast<int>(left.count()));
    if (signals.take()) {
      throw Interrupted();
    }
  }
}

void make_accounts(const std::vector<Account>& accounts, const std::string& program,
                   const std::vector<std::string>& options, const std::vector<std::string>& environment,
                   const StopSignals& signals, milliseconds patience) {
  const auto run = [&](std::vector<std::string> words, std::string input = {}) {
    words.insert(words.begin(), program);
    words.insert(words.end(), options.begin(), options.end());
    return run_to_end({.words = std::move(words), .environment = environment, .input = std::move(input)}, signals,
                      patience);
  };
  const std::string there = "\n" + run({"user", "list"});
  for (const Account& account : accounts) {
    const std::string password = std::string(account.password.reveal()) + "\n";
    if (there.contains("\n" + account.name + "\t")) {
      run({"user", "passwd", account.name, "--password-stdin"}, password);
      std::vector<std::string> words{"user", "role", account.name};
      words.insert(words.end(), account.roles.begin(), account.roles.end());
      run(std::move(words));
      continue;
    }
    std::vector<std::string> words{"user", "add", account.name, "--password-stdin"};
    for (const std::string& role : account.roles) {
      words.insert(words.end(), {"--role", role});
    }
    run(std::move(words), password);
  }
}

}  // namespace mcdsl::tool
