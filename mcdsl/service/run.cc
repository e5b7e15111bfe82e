#include "mcdsl/service/run.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/log_buffer.h"
#include "mcdsl/service/internal/admin.h"
#include "mcdsl/service/internal/commands.h"
#include "mcdsl/service/internal/migrate.h"
#include "mcdsl/service/internal/routes.h"
#include "mcdsl/service/internal/signals.h"

namespace mcdsl::internal {
namespace {

std::string env_prefix(std::string_view name) {
  std::string prefix(name);
  std::ranges::transform(prefix, prefix.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : (c == '-' ? '_' : c);
  });
  return prefix;
}

// The file the operator named, or the conventional one where it exists.
std::filesystem::path config_file(const std::string& named, const std::string& name) {
  if (!named.empty()) {
    return named;
  }
  const auto conventional = std::filesystem::path("/srv") / name / (name + ".toml");
  return std::filesystem::exists(conventional) ? conventional : std::filesystem::path();
}

int print(const std::string& text) {
  std::cout << text;
  return static_cast<int>(Exit::ok);
}

// Where each listen address came from: a port variable may have replaced what the operator wrote.
void log_listeners(const log::Logger& logger, std::span<const config::Listener> listeners) {
  for (const config::Listener& listener : listeners) {
    logger.info("listen address", {{"key", listener.key}, {"value", listener.value}, {"origin", listener.origin}});
    if (!listener.replaced.empty()) {
      logger.warn("the configured port was replaced", {{"key", listener.key}, {"configured", listener.replaced}});
    }
  }
}

// A folder that goes with its end.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "mcdsl-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw Exception(Code::unavailable, "make the folder " + name + ": " + errno_text(errno));
    }
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

// The command line of one service.
class CommandLine {
 public:
  explicit CommandLine(const Hooks& hooks) : hooks_(hooks), app_(hooks.about, hooks.name) {
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.add_option("--config", config_file_, "the configuration file")->type_name("FILE");
    add("server", "serve until SIGTERM or SIGINT", [this] { return serve(); });
    add("init", "make the service's folder: an example config, certs/, backups/",
        [this] { return make_folder(hooks_.name, config_file_, hooks_.example(), std::cout); });
    add("status", "ask the running service for its health",
        [this] { return print_status(*load().standard, std::cout); });
    CLI::App* snapshot = add("snapshot", "make a verified copy of the database and print its path",
                             [this] { return print_snapshot(*load().standard, snapshot_path_, std::cout); });
    snapshot->add_option("path", snapshot_path_, "where; without it a dated file in the backup folder")
        ->type_name("PATH");
    if (!hooks_.migrations.empty()) {
      add_migrate_commands();
    }
    add_config_commands();
    CLI::App* routes =
        add("routes", "list what is served, each with its access rule", [this] { return list_routes(); });
    routes->add_flag("--check", checks_routes_, "fail where an RPC has no REST route and is not marked internal");
    add("version", "print the version", [this] { return print(hooks_.name + " " + hooks_.version + "\n"); });
    for (const Hooks::Command& command : hooks_.commands) {
      app_.add_subcommand(command.name, command.about);  // for --help; find_own_command() finds it first
    }
  }

  int run(int argc, char** argv) {
    if (auto action = find_own_command({argv + std::min(argc, 1), argv + argc})) {
      return action();
    }
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
      const bool is_help = problem.get_exit_code() == 0;
      app_.exit(problem, std::cout, std::cerr);
      return static_cast<int>(is_help ? Exit::ok : Exit::usage);
    }
    return action_();
  }

 private:
  // What a command line of the service's own does; nothing where it is none of those. Its words are the service's to
  // read, "--help" and "--" among them, which CLI11 would keep. Ours is `--config FILE`, wherever it stands before
  // "--".
  std::function<int()> find_own_command(const std::vector<std::string>& words) {
    const auto end = std::ranges::find(words, "--");
    std::vector<std::string> own;
    std::string file;
    for (auto word = words.begin(); word != end; ++word) {
      if (*word == "--config" && std::next(word) == end) {
        return {};  // CLI11 says what is missing
      }
      if (*word == "--config") {
        file = *++word;
      } else if (word->starts_with("--config=")) {
        file = word->substr(word->find('=') + 1);
      } else {
        own.push_back(*word);
      }
    }
    own.insert(own.end(), end, words.end());
    const auto command = std::ranges::find_if(
        hooks_.commands, [&](const Hooks::Command& known) { return !own.empty() && own.front() == known.name; });
    if (command == hooks_.commands.end()) {
      return {};
    }
    config_file_ = file;
    return [this, command, own] {
      load();
      return command->run(std::span(own).subspan(1));
    };
  }

  CLI::App* add(const std::string& name, const std::string& about, std::function<int()> action) {
    return add_to(app_, name, about, std::move(action));
  }

  CLI::App* add_to(CLI::App& parent, const std::string& name, const std::string& about, std::function<int()> action) {
    CLI::App* command = parent.add_subcommand(name, about);
    command->callback([this, action = std::move(action)] { action_ = action; });
    return command;
  }

  void add_migrate_commands() {
    using Step = int (*)(const config::Database&, Migrations, std::ostream&);
    const auto calls = [this](Step step) {
      return [this, step] { return step(require_database(*load().standard), hooks_.migrations, std::cout); };
    };
    CLI::App* migrate = app_.add_subcommand("migrate", "bring the database's schema up to date, as the server does");
    migrate->require_subcommand(0, 1);
    migrate->callback([this, migrate, action = calls(migrate_database)] {
      if (migrate->get_subcommands().empty()) {
        action_ = action;
      }
    });
    add_to(*migrate, "plan", "print the pending steps with their SQL", calls(print_plan));
    add_to(*migrate, "status", "list all steps, when they ran, and what is wrong with them", calls(print_steps));
    add_to(*migrate, "verify", "list everything that is wrong; 1 where anything is", calls(print_findings));
    add_to(*migrate, "rehearse", "run the pending steps on a copy and say what they did", calls(rehearse));
  }

  void add_config_commands() {
    CLI::App* config = app_.add_subcommand("config", "look at the configuration");
    config->require_subcommand(1);
    add_to(*config, "check", "list everything that is wrong with it", [this] {
      load();
      return print("the configuration is sound\n");
    });
    CLI::App* show = add_to(*config, "show", "print what is in force, secrets masked", [this] {
      load();
      return print(hooks_.show(with_origin_ ? config::Show::values_and_origins : config::Show::values));
    });
    show->add_flag("--origin", with_origin_, "say of each value where it came from");
    add_to(*config, "example", "print a configuration to start from", [this] { return print(hooks_.example()); });
  }

  [[nodiscard]] config::Source source() const {
    return {.file = config_file(config_file_, hooks_.name), .env_prefix = env_prefix(hooks_.name)};
  }

  Hooks::Loaded load() { return hooks_.load(source()); }

  // Of the configuration, only what can change under a running service.
  void reload(const log::Logger& logger) const {
    const config::Log log = hooks_.load_log(source());
    logger.set_level(log.level);
    logger.info("log level", {{"level", log::name(log.level)}});
  }

  int serve() {
    block_signals();
    const Hooks::Loaded loaded = load();
    const config::Standard& standard = *loaded.standard;
    const log::Logger logger(
        std::make_shared<log::BufferedSink>(std::make_shared<log::FdSink>(STDERR_FILENO), standard.log.format),
        standard.log.format);
    logger.set_level(standard.log.level);
    logger.info("starting", {{"service", hooks_.name}, {"version", hooks_.version}});
    log_listeners(logger, loaded.listeners);
    Service service(hooks_.name, standard, logger);
    add_build_info(service.metrics(), hooks_.name, hooks_.version);
    service.on_reload([&] { reload(logger); });
    hooks_.main(service);
    return static_cast<int>(Exit::ok);
  }

  // Runs `main` up to its `serve`, with a database of its own in a folder that is removed, and nothing listening.
  int list_routes() {
    const ScratchFolder scratch;
    config::Source scratched = source();
    const auto set = [&](const std::string& key, const std::string& value) {
      scratched.environment.insert_or_assign(scratched.env_prefix + "_" + key, value);
    };
    set("DATABASE_PATH", (scratch.path() / "routes.db").string());
    set("SERVER_LISTEN_ADDR", "127.0.0.1:0");
    set("SERVER_TLS", "proxy");  // as far as the pages can tell, browsers come by https
    set("SERVER_TRUSTED_PROXIES", "127.0.0.1");
    set("WEB_PUBLIC_URL", "https://localhost");
    set("WEB_KEY_FILE", (scratch.path() / "web.keys").string());
    set("SSO_REDIRECT_URI", "");
    set("SSO_CLIENT_ID", "");
    set("MCIAS_SERVER_URL", "https://127.0.0.1:1");
    set("MCIAS_CA_CERT", "");
    const Hooks::Loaded loaded = hooks_.load(scratched);
    Service service(hooks_.name, *loaded.standard, log::Logger());
    bool is_whole = true;
    RouteLister::list_in_place_of_serving(service,
                                          [&](const http::Router& router, const grpcserver::Dispatcher* dispatcher) {
                                            if (checks_routes_) {
                                              is_whole = check_routes(dispatcher, std::cerr);
                                            } else {
                                              print_routes(router, dispatcher, std::cout);
                                            }
                                          });
    hooks_.main(service);
    return static_cast<int>(is_whole ? Exit::ok : Exit::failure);
  }

  const Hooks& hooks_;
  CLI::App app_;
  std::string config_file_;
  std::string snapshot_path_;
  bool with_origin_ = false;
  bool checks_routes_ = false;
  std::function<int()> action_;
};

}  // namespace

int run(const Hooks& hooks, int argc, char** argv) {
  try {
    return CommandLine(hooks).run(argc, argv);
  } catch (const config::Invalid& problem) {
    for (const std::string& finding : problem.findings()) {
      std::cerr << hooks.name << ": " << finding << '\n';
    }
    return static_cast<int>(Exit::config);
  } catch (const std::exception& problem) {
    std::cerr << hooks.name << ": " << problem.what() << '\n';
    return static_cast<int>(Exit::failure);
  }
}

}  // namespace mcdsl::internal
