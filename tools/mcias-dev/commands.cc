#include "tools/mcias-dev/commands.h"

#include <algorithm>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "mcdsl/auth/protocol.h"
#include "mcdsl/base/time.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/db/database.h"
#include "mcdsl/terminal/password.h"
#include "tools/mcias-dev/identity.h"
#include "tools/mcias-dev/qr_code.h"
#include "tools/mcias-dev/store.h"
#include "tools/mcias-dev/totp.h"

namespace mcias {
namespace {

using mcdsl::Code;
using mcdsl::Exception;
using mcdsl::Secret;
using mcdsl::value_or_throw;
using mcdsl::auth::AccountType;

constexpr int kOk = 0;
constexpr int kUsage = 64;                    // EX_USAGE of sysexits.h
constexpr std::size_t kShortestPassword = 8;  // NIST SP 800-63B §5.1.1.2
constexpr std::size_t kLongestPassword = 1024;

// The words of a command line after its command.
struct Words {
  std::string name;
  std::vector<std::string> roles;
  bool is_system = false;
  bool password_from_stdin = false;
  std::string password_file;

  [[nodiscard]] bool has_password() const noexcept { return password_from_stdin || !password_file.empty(); }
};

Secret checked(Secret password) {
  const std::size_t size = password.reveal().size();
  if (size < kShortestPassword || size > kLongestPassword) {
    throw Exception(Code::invalid_argument, "a password has " + std::to_string(kShortestPassword) + " to " +
                                                std::to_string(kLongestPassword) + " bytes");
  }
  return password;
}

Secret read_password(const Console& console, const Words& words) {
  if (!words.password_file.empty()) {
    return checked(mcdsl::terminal::read_password_file(words.password_file));
  }
  if (words.password_from_stdin) {
    return checked(console.read_line());
  }
  Secret password = checked(console.ask_password("Password: "));
  if (!password.matches(console.ask_password("Again: ").reveal())) {
    throw Exception(Code::invalid_argument, "the two passwords differ");
  }
  return password;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) {
    text.append(text.empty() ? "" : ",").append(word);
  }
  return text.empty() ? "-" : text;
}

// The database of the configuration, with the store on it.
class OpenStore {
 public:
  OpenStore(const Config& config, const Console& console)
      : database_(mcdsl::db::Database::open(config.database)), store_(database_, console.clock) {
    database_.migrate(migrations());
  }
  const Store* operator->() const noexcept { return &store_; }
  const Store& operator*() const noexcept { return store_; }

 private:
  mcdsl::db::Database database_;
  Store store_;
};

class UserCommands {
 public:
  UserCommands(const Config& config, const Console& console) : config_(config), console_(console) {}

  void add(Words words) const {
    const auto type = words.is_system ? AccountType::system : AccountType::human;
    if (words.roles.empty() && !words.is_system) {
      words.roles = {std::string(mcdsl::auth::protocol::kUserRole)};
    }
    Account account{.id = mcdsl::crypto::random_uuid(),
                    .username = value_or_throw(canonical_username(words.name)),
                    .type = type,
                    .roles = std::move(words.roles),
                    .created_at = console_.clock.now()};
    value_or_throw(check_roles(type, account.roles));
    if (words.is_system && words.has_password()) {
      throw Exception(Code::invalid_argument, "a system account has no password: give it a token with `token issue`");
    }
    if (!words.is_system) {
      account.password_hash = hash(read_password(console_, words));
    }
    const OpenStore store(config_, console_);
    value_or_throw(store->add(account));
    console_.out << "added " << account.username << " (" << name(type) << ", roles " << join(account.roles) << ")\n";
  }

  void set_password(const Words& words) const {
    const std::string username = value_or_throw(canonical_username(words.name));
    const OpenStore store(config_, console_);
    value_or_throw(store->set_password(username, hash(read_password(console_, words))));
    console_.out << "changed the password of " << username << "; its tokens are revoked\n";
  }

  void set_roles(const Words& words) const {
    const std::string username = value_or_throw(canonical_username(words.name));
    const OpenStore store(config_, console_);
    value_or_throw(store->set_roles(username, words.roles));
    console_.out << username << " now has the roles " << join(words.roles) << "; its tokens are revoked\n";
  }

  void set_disabled(const Words& words, bool disabled) const {
    const std::string username = value_or_throw(canonical_username(words.name));
    const OpenStore store(config_, console_);
    value_or_throw(store->set_disabled(username, disabled));
    console_.out << (disabled ? "disabled " : "enabled ") << username
                 << (disabled ? "; its tokens are revoked\n" : "\n");
  }

  void list() const {
    const OpenStore store(config_, console_);
    for (const Account& account : store->list()) {
      console_.out << account.username << '\t' << name(account.type) << '\t' << join(account.roles) << '\t'
                   << (account.disabled ? "disabled" : "enabled") << '\t' << mcdsl::format_rfc3339(account.created_at)
                   << '\t' << account.id << '\n';
    }
  }

 private:
  [[nodiscard]] std::string hash(const Secret& password) const {
    return PasswordHasher(config_.identity.hashing_cost()).hash(password);
  }

  const Config& config_;
  const Console& console_;
};

void issue_token(const Words& words, const Config& config, const Console& console) {
  const std::string username = value_or_throw(canonical_username(words.name));
  const OpenStore store(config, console);
  const Identity identity(config, *store, {}, console.clock);
  console.out << value_or_throw(identity.issue_system_token(username)).token.reveal() << '\n';
}

void enroll(const Words& words, const Config& config, const Console& console) {
  const std::string username = value_or_throw(canonical_username(words.name));
  const OpenStore store(config, console);
  const auto account = store->find(username);
  if (!account || account->type == AccountType::system) {
    value_or_throw(store->set_totp(username, {}));  // says what is wrong, and throws
  }
  const Secret secret = new_totp_secret();
  const std::string uri = otpauth_uri(config.identity.issuer, username, secret);
  console.out << qr_code(uri) << "\nFor an app that cannot see the picture: " << uri
              << "\n\nThe code that the app shows now: " << std::flush;
  const auto step = find_totp_step(secret, console.read_line().reveal(), console.clock.now(), 0);
  if (!step) {
    throw Exception(Code::invalid_argument, "that is not the code of this moment: nothing has changed");
  }
  value_or_throw(store->set_totp(username, {.secret = secret, .last_step = *step}));
  console.out << "\nfrom now on " << username << " logs in with a code; its tokens are revoked\n";
}

void disable_totp(const Words& words, const Config& config, const Console& console) {
  const std::string username = value_or_throw(canonical_username(words.name));
  const OpenStore store(config, console);
  value_or_throw(store->remove_totp(username));
  console.out << username << " logs in without a code; its tokens are revoked\n";
}

// Parses the words behind a command, and only then runs what they name: CLI11's exceptions are about the former.
int parse_and_run(CLI::App& app, std::span<const std::string> arguments, const std::function<void()>& action,
                  const Console& console) {
  app.require_subcommand(1);
  std::vector<std::string> last_first(arguments.rbegin(), arguments.rend());  // the order that CLI11 takes
  try {
    app.parse(std::move(last_first));
  } catch (const CLI::ParseError& problem) {
    const bool is_help = app.exit(problem, console.out, console.err) == kOk;
    return is_help ? kOk : kUsage;
  }
  action();
  return kOk;
}

CLI::App* add_named(CLI::App& app, const std::string& command, const std::string& about, Words& words) {
  CLI::App* added = app.add_subcommand(command, about);
  added->add_option("name", words.name, "the user name")->required()->type_name("NAME");
  return added;
}

void add_password_flags(CLI::App& command, Words& words) {
  CLI::Option* from_stdin = command.add_flag("--password-stdin", words.password_from_stdin,
                                             "read the password from the first line of standard input");
  command
      .add_option("--password-file", words.password_file,
                  "read the password from the first line of a file that nobody else may read")
      ->type_name("FILE")
      ->excludes(from_stdin);
}

}  // namespace

int run_user_command(std::span<const std::string> arguments, const Config& config, const Console& console) {
  const UserCommands commands(config, console);
  Words words;
  std::function<void()> action;
  CLI::App app("Accounts of the identity server", "mcias-dev user");

  CLI::App* add = add_named(app, "add", "add an account", words);
  add->add_option("--role", words.roles, "admin, user (the default) or guest; repeat for several")
      ->type_name("ROLE")
      ->allow_extra_args(false);  // one role for each --role: the next word may be the name
  add->add_flag("--system", words.is_system, "an account of a service: no roles, no password, tokens by `token issue`");
  add_password_flags(*add, words);
  add->callback([&] { action = [&] { commands.add(words); }; });

  CLI::App* passwd = add_named(app, "passwd", "change a password", words);
  add_password_flags(*passwd, words);
  passwd->callback([&] { action = [&] { commands.set_password(words); }; });

  CLI::App* role = add_named(app, "role", "set the roles", words);
  role->add_option("roles", words.roles, "all the roles that the account is to have")->required()->type_name("ROLE");
  role->callback([&] { action = [&] { commands.set_roles(words); }; });

  add_named(app, "disable", "refuse the account from now on", words)->callback([&] {
    action = [&] { commands.set_disabled(words, true); };
  });
  add_named(app, "enable", "admit the account again", words)->callback([&] {
    action = [&] { commands.set_disabled(words, false); };
  });
  app.add_subcommand("list", "name, type, roles, state, day of creation and id of every account")->callback([&] {
    action = [&] { commands.list(); };
  });
  return parse_and_run(app, arguments, [&] { action(); }, console);
}

int run_token_command(std::span<const std::string> arguments, const Config& config, const Console& console) {
  Words words;
  CLI::App app("Tokens of system accounts", "mcias-dev token");
  add_named(app, "issue", "print a new long-lived token of a system account", words);
  return parse_and_run(app, arguments, [&] { issue_token(words, config, console); }, console);
}

int run_totp_command(std::span<const std::string> arguments, const Config& config, const Console& console) {
  Words words;
  std::function<void()> action;
  CLI::App app("Second factors: codes of an authenticator app", "mcias-dev totp");
  add_named(app, "enroll", "show a new secret, which replaces one that is there", words)->callback([&] {
    action = [&] { enroll(words, config, console); };
  });
  add_named(app, "disable", "let the account log in without a code", words)->callback([&] {
    action = [&] { disable_totp(words, config, console); };
  });
  return parse_and_run(app, arguments, [&] { action(); }, console);
}

}  // namespace mcias
