#include "tools/mcdsl/dev/dev.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "tools/mcdsl/dev/accounts.h"
#include "tools/mcdsl/dev/console.h"
#include "tools/mcdsl/dev/port.h"
#include "tools/mcdsl/dev/proxy.h"
#include "tools/mcdsl/dev/settings.h"
#include "tools/mcdsl/dev/supervisor.h"
#include "tools/mcdsl/dev/unit.h"
#include "tools/mcdsl/dev/workplace.h"

namespace mcdsl::tool {
namespace {

namespace fs = std::filesystem;
using cli::Kind;
using cli::Values;

constexpr auto kIdentity = "mcias-dev";
constexpr std::uint16_t kServicePort = 8443;
constexpr std::uint16_t kBackendPort = 8444;
constexpr std::uint16_t kIdentityPort = 9443;
constexpr std::int64_t kPatience = 10;  // seconds
constexpr std::int64_t kLongestPatience = 3600;
constexpr auto kDrain = "5s";  // what the service gives requests in flight: shorter than the patience
constexpr ::mode_t kPrivate = 0077;

[[noreturn]] void refuse(Code code, const std::string& why) {
  throw Exception(code, why);
}

// --- what is asked for ----------------------------------------------------------------------------------------------

enum class Front : std::uint8_t { none, http, protocol };

struct Plan {
  fs::path folder;
  fs::path program;
  std::string name;  // of the program
  fs::path config;   // of the service's own; empty for none
  fs::path identity_config;
  fs::path templates;  // empty for none
  fs::path data;
  std::vector<Account> accounts;
  Front front = Front::none;
  bool has_sso = false;
  std::chrono::milliseconds patience{};
};

fs::path existing_or_none(const fs::path& path) {
  return fs::exists(path) ? path : fs::path();
}

// Where a build of the folder puts a program of its name.
fs::path program_of(const fs::path& folder) {
  const std::string name = folder.filename();
  const fs::path in_bin = folder / "build" / "bin" / name;
  return fs::exists(in_bin) ? in_bin : folder / "build" / name;
}

std::vector<Account> accounts_of(const Values& values) {
  const std::string file = values.text("accounts");
  if (file.empty()) {
    return default_accounts();
  }
  if (file == "-") {
    return parse_accounts(std::string(std::istreambuf_iterator<char>(std::cin), {}));
  }
  return parse_accounts(value_or_throw(read_file(file)));
}

Plan plan_of(const Values& values) {
  const fs::path folder = fs::weakly_canonical(values.text("FOLDER", "."));
  if (!fs::is_directory(folder)) {
    refuse(Code::not_found, folder.string() + " is no folder");
  }
  Plan plan{.folder = folder,
            .program = values.has("program") ? fs::absolute(values.text("program")) : program_of(folder),
            .name = {},
            .config = {},
            .identity_config = existing_or_none(folder / (std::string(kIdentity) + ".dev.toml")),
            .templates = values.has("templates") ? fs::absolute(values.text("templates"))
                                                 : existing_or_none(folder / "templates"),
            .data = values.has("data") ? fs::absolute(values.text("data")) : folder / ".dev",
            .accounts = accounts_of(values)};
  if (!values.has("program") && !fs::exists(plan.program) && !fs::exists(folder / "CMakeLists.txt")) {
    refuse(Code::not_found, folder.string() + " holds no service: neither a program " + plan.program.string() +
                                " nor a CMakeLists.txt to build one; --program says where it is");
  }
  plan.name = plan.program.filename();
  const auto is_allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  };
  if (plan.name.empty() || plan.name == kIdentity || !std::ranges::all_of(plan.name, is_allowed)) {
    refuse(Code::invalid_argument, "\"" + plan.name + "\" is no name for the program of a service");
  }
  plan.config =
      values.has("config") ? fs::absolute(values.text("config")) : existing_or_none(folder / (plan.name + ".dev.toml"));
  if (values.has("proxy") && values.has("proxy-protocol")) {
    refuse(Code::invalid_argument, "--proxy and --proxy-protocol are two ways of one thing: give one of them");
  }
  plan.front = values.has("proxy") ? Front::http : (values.has("proxy-protocol") ? Front::protocol : Front::none);
  plan.has_sso = values.has("sso");
  const std::int64_t patience = values.number("patience", kPatience);
  if (patience < 1 || patience > kLongestPatience) {
    refuse(Code::invalid_argument, "--patience wants 1 to " + std::to_string(kLongestPatience) + " seconds");
  }
  plan.patience = std::chrono::seconds(patience);
  return plan;
}

// mcias-dev beside this program, or in $PATH.
fs::path find_identity() {
  const fs::path beside = fs::read_symlink("/proc/self/exe").parent_path();
  std::string folders = beside.string();
  if (const char* path = std::getenv("PATH"); path != nullptr) {  // NOLINT(concurrency-mt-unsafe): nobody changes it
    folders.append(":").append(path);
  }
  for (std::string_view rest = folders; !rest.empty();) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    const fs::path candidate = fs::path(folder) / kIdentity;
    if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0 && fs::is_regular_file(candidate)) {
      return candidate;
    }
  }
  refuse(Code::not_found, std::string("there is no ") + kIdentity + ", neither in " + beside.string() +
                              " nor in PATH; it is installed with the library");
}

// --- ports ----------------------------------------------------------------------------------------------------------

struct Ports {
  Port front;  // where the service is reached
  Port identity;
  std::optional<Port> backend;  // of the service, where a proxy is in front
};

// The usual port, or another one where somebody has it.
Port usual_or_free(std::uint16_t usual) {
  if (auto port = Port::take(usual)) {
    return std::move(*port);
  }
  return std::move(Port::take(0).value());
}

Ports take_ports(const Values& values, bool has_backend) {
  const std::int64_t wanted = values.number("port", kServicePort);
  if (wanted < 0 || wanted > UINT16_MAX) {
    refuse(Code::invalid_argument, "--port wants 0 to 65535");
  }
  const bool picks_all = values.has("port") && wanted == 0;
  const auto take = [picks_all](std::uint16_t usual) { return usual_or_free(picks_all ? std::uint16_t{0} : usual); };
  std::optional<Port> front;
  if (values.has("port")) {
    front = Port::take(static_cast<std::uint16_t>(wanted));
    if (!front) {
      refuse(Code::unavailable, "port " + std::to_string(wanted) + " of 127.0.0.1 is in use: give another --port");
    }
  } else {
    front = usual_or_free(kServicePort);
  }
  Ports ports{.front = std::move(*front), .identity = take(kIdentityPort), .backend = {}};
  if (has_backend) {
    ports.backend = take(kBackendPort);
  }
  return ports;
}

std::string loopback(const Port& port) {
  return "127.0.0.1:" + std::to_string(port.number());
}

// --- settings -------------------------------------------------------------------------------------------------------

std::vector<Setting> common_settings(const Workplace& place, const std::string& program, const Port& port) {
  return {{.section = "server", .key = "listen_addr", .value = loopback(port)},
          {.section = "server", .key = "tls_cert", .value = place.certificate(program)},
          {.section = "server", .key = "tls_key", .value = place.key(program)},
          {.section = "server", .key = "shutdown_timeout", .value = kDrain}};
}

std::string public_url(const Ports& ports) {
  return fmt::format("https://localhost:{}", ports.front.number());
}

std::string sso_redirect(const Ports& ports) {
  return public_url(ports) + "/sso/callback";
}

// The file of mcias-dev: our settings, the service as one whose users may log in on its page, and what the folder of
// the service has to say, such as policies.
std::string identity_config(const Plan& plan, const Workplace& place, const Ports& ports) {
  auto settings = common_settings(place, kIdentity, ports.identity);
  settings.push_back({.section = "database", .key = "path", .value = place.path() / kIdentity / "mcias-dev.db"});
  std::string text = to_toml(settings);
  text += fmt::format("\n[[sso_clients]]\nclient_id = \"{0}\"\nservice_name = \"{0}\"\nredirect_uris = [\"{1}\"]\n",
                      plan.name, sso_redirect(ports));
  if (!plan.identity_config.empty()) {
    text += "\n# " + plan.identity_config.string() + "\n" + value_or_throw(read_file(plan.identity_config));
  }
  return text;
}

std::vector<Setting> service_settings(const Plan& plan, const Workplace& place, const Ports& ports) {
  auto settings = common_settings(place, plan.name, ports.backend ? *ports.backend : ports.front);
  const auto add = [&settings](Setting setting) { settings.push_back(std::move(setting)); };
  if (plan.front != Front::none) {
    add({.section = "server", .key = "trusted_proxies", .value = "127.0.0.1", .is_list = true});
  }
  if (plan.front == Front::http) {
    add({.section = "server", .key = "tls", .value = "proxy"});
  } else if (plan.front == Front::protocol) {
    add({.section = "server", .key = "proxy_protocol", .value = "true", .is_text = false});
  }
  add({.section = "database", .key = "path", .value = place.path() / plan.name / (plan.name + ".db")});
  add({.section = "mcias", .key = "server_url", .value = fmt::format("https://localhost:{}", ports.identity.number())});
  add({.section = "mcias", .key = "ca_cert", .value = place.authority()});
  add({.section = "mcias", .key = "service_name", .value = plan.name});
  if (plan.has_sso) {
    add({.section = "sso", .key = "redirect_uri", .value = sso_redirect(ports)});
  }
  add({.section = "web", .key = "public_url", .value = public_url(ports)});
  if (!plan.templates.empty()) {
    add({.section = "web", .key = "templates_dir", .value = plan.templates});
  }
  return settings;
}

/// How a program is told its settings: in a file that is ours, or in variables beside a file of the service's.
struct Told {
  std::vector<std::string> options;  // "--config", FILE
  std::vector<std::string> environment;
};

Told tell_identity(const Plan& plan, const Workplace& place, const Ports& ports) {
  const fs::path file = place.path() / kIdentity / (std::string(kIdentity) + ".toml");
  write_file_atomically(file, identity_config(plan, place, ports));
  return {.options = {"--config", file}, .environment = environment_with({})};
}

Told tell_service(const Plan& plan, const Workplace& place, const Ports& ports) {
  const auto settings = service_settings(plan, place, ports);
  if (!plan.config.empty()) {
    return {.options = {"--config", plan.config}, .environment = environment_with(to_environment(settings, plan.name))};
  }
  const fs::path file = place.path() / plan.name / (plan.name + ".toml");
  write_file_atomically(file, to_toml(settings));
  return {.options = {"--config", file}, .environment = environment_with({})};
}

Process::Settings server_of(const fs::path& program, const Told& told) {
  Process::Settings settings{.words = {program, "server"}, .environment = told.environment};
  settings.words.insert(settings.words.end(), told.options.begin(), told.options.end());
  return settings;
}

// --- the run --------------------------------------------------------------------------------------------------------

std::string invitation(const Plan& plan, const Workplace& place, const Ports& ports) {
  const std::string url = public_url(ports);
  std::string text = "\n";
  for (const Account& account : plan.accounts) {
    std::string roles;
    for (const std::string& role : account.roles) {
      roles.append(roles.empty() ? "" : ", ").append(role);
    }
    text += fmt::format("    {:<10} {:<18} {}\n", account.name,
                        account.is_password_given ? "(as given)" : account.password.reveal(), roles);
  }
  text += fmt::format(
      "\n  Passwords that were made here are shown this once. To log in:\n\n"
      "    curl --cacert {0} {1}/v1/auth/login -H 'Content-Type: application/json' \\\n"
      "      -d '{{\"username\": \"{2}\", \"password\": \"...\"}}'\n\n",
      place.authority().string(), url, plan.accounts.front().name);
  if (plan.config.empty()) {
    text += fmt::format("  Other commands of the service, such as status:\n\n    {} status --config {}\n\n",
                        plan.program.string(), (place.path() / plan.name / (plan.name + ".toml")).string());
  }
  text += fmt::format("  A new build is started by itself. Ctrl-C stops everything; the data stays in {}.\n\n",
                      place.path().string());
  return text;
}

std::unique_ptr<Proxy> make_proxy(const Plan& plan, const Workplace& place, const Ports& ports) {
  if (plan.front == Front::none) {
    return nullptr;
  }
  const ProxySettings settings{.port = ports.front.number(),
                               .backend = ports.backend->number(),
                               .certificate = place.certificate(plan.name),
                               .key = place.key(plan.name)};
  return plan.front == Front::http ? make_http_proxy(settings) : make_protocol_proxy(settings);
}

int run_platform(const Values& values, std::ostream& out, const Clock& clock) {
  const Plan plan = plan_of(values);
  const fs::path identity_program = find_identity();
  const StopSignals signals;  // before there is any other thread
  ::umask(kPrivate);
  Console console(out,
                  ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr);  // NOLINT(concurrency-mt-unsafe)
  const Workplace place(plan.data, clock);
  const Ports ports = take_ports(values, plan.front != Front::none);
  if (place.make_certificates({kIdentity, plan.name})) {
    console.say("made certificates; " + place.authority().string() + " is what clients trust");
  }

  const Told identity_told = tell_identity(plan, place, ports);
  console.say("giving the accounts their passwords");
  make_accounts(plan.accounts, identity_program, identity_told.options, identity_told.environment, signals,
                plan.patience);
  const Told service_told = tell_service(plan, place, ports);
  const auto proxy = make_proxy(plan, place, ports);

  const SocketFolder sockets;
  Unit identity(kIdentity, server_of(identity_program, identity_told), sockets / "identity", console);
  Unit service(plan.name, server_of(plan.program, service_told), sockets / "service", console);
  const auto tell_where = [&] {
    console.say(plan.name + " is ready at " + public_url(ports) +
                (plan.front == Front::none ? "" : ", through a proxy to " + loopback(*ports.backend)));
    console.print(invitation(plan, place, ports));
  };
  Supervisor supervisor(identity, service, signals, console,
                        {.program = plan.program, .patience = plan.patience, .on_first_ready = tell_where});
  const bool is_well = supervisor.run();
  console.say(is_well ? "all has stopped; the data stays in " + place.path().string()
                      : "all has stopped, not all of it well");
  return is_well ? 0 : 1;
}

}  // namespace

cli::Command dev_command(std::ostream& out, const Clock& clock) {
  return {
      .name = "dev",
      .about = "run the service of a folder with TLS, login and whatever it needs, for development",
      .details =
          "Makes an authority and certificates for localhost, starts mcias-dev with accounts (alice, an administrator, "
          "and bob, a user) and then the service, all on 127.0.0.1, and prints where it is. When its program changes, "
          "the service is started anew; when it ends by itself, the next build is waited for. Ctrl-C stops everything, "
          "a second one at once.\n\n"
          "The program is FOLDER/build/NAME or FOLDER/build/bin/NAME, where NAME is the folder's. Its settings are in "
          "FOLDER/.dev/NAME/NAME.toml. What else it needs to be told stands in FOLDER/NAME.dev.toml; the settings from "
          "here then come as environment variables. FOLDER/mcias-dev.dev.toml is added to the settings of mcias-dev, "
          "such as login policies. Templates of pages are read from FOLDER/templates, where there is one, as they "
          "change.",
      .arguments = {{.name = "FOLDER",
                     .about = "of the service; the current one unless given",
                     .kind = Kind::folder,
                     .is_optional = true}},
      .options =
          {{.name = "program", .about = "the service's program", .kind = Kind::file},
           {.name = "config", .about = "what else the service is told, a file", .kind = Kind::file},
           {.name = "data", .about = "where certificates and databases go; .dev unless given", .kind = Kind::folder},
           {.name = "port", .about = "of the service; 8443 unless given, 0 for any that is free", .kind = Kind::number},
           {.name = "accounts",
            .about = "a file with a line for each: name, roles with commas between, perhaps a password; - to read it",
            .kind = Kind::file},
           {.name = "templates", .about = "of the service's pages", .kind = Kind::folder},
           {.name = "sso", .about = "log in to pages on the page of mcias-dev"},
           {.name = "proxy", .about = "put a proxy in front that ends TLS, as it will be deployed"},
           {.name = "proxy-protocol", .about = "put a proxy in front that passes TLS on, behind a PROXY header"},
           {.name = "patience",
            .about = "seconds that a program may take to stop before it is killed; 10 unless given",
            .kind = Kind::number}},
      .examples = {{.line = "mcdsl dev", .about = "the service of this folder"},
                   {.line = "mcdsl dev --proxy reading-list", .about = "one that is reached through a proxy"}},
      .run = [&out, &clock](const Values& values) { return run_platform(values, out, clock); }};
}

}  // namespace mcdsl::tool
