#include "mcdsl/service/run.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>

#include <unistd.h>

#include "mcdsl/archive/archive.h"
#include "mcdsl/archivecli/commands.h"
#include "mcdsl/base/error.h"
#include "mcdsl/base/folder_lock.h"
#include "mcdsl/base/journal.h"
#include "mcdsl/base/log_buffer.h"
#include "mcdsl/cli/program.h"
#include "mcdsl/doctor/doctor.h"
#include "mcdsl/service/internal/admin.h"
#include "mcdsl/service/internal/backup_age.h"
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

std::shared_ptr<log::Sink> log_sink(log::Format format) {
  auto buffered = std::make_shared<log::BufferedSink>(std::make_shared<log::FdSink>(STDERR_FILENO), format);
  const char* journal = std::getenv("JOURNAL_STREAM");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  if (journal != nullptr && log::is_journal(STDERR_FILENO, journal)) {
    return std::make_shared<log::JournalSink>(std::move(buffered));
  }
  return buffered;
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
  explicit CommandLine(const Hooks& hooks) : hooks_(hooks) {}

  int run(int argc, char** argv) { return cli::run(describe(), argc, argv); }

 private:
  using Action = std::function<int(const cli::Values&)>;

  cli::Program describe() {
    cli::Program program{
        .name = hooks_.name,
        .version = hooks_.version,
        .about = hooks_.about,
        .options = {{.name = "config", .about = "the configuration file", .kind = cli::Kind::file}},
        .commands =
            {{.name = "server", .about = "serve until SIGTERM or SIGINT", .run = action([this] { return serve(); })},
             {.name = "init",
              .about = "make the service's folder: an example config, certs/, backups/",
              .run = action([this] { return make_folder(hooks_.name, config_file_, hooks_.example(), std::cout); })},
             {.name = "status",
              .about = "ask the running service for its health",
              .run = action([this] { return print_status(*load().standard, std::cout); })},
             snapshot_command()},
        .exit_codes = {{static_cast<int>(Exit::ok), "done; for status: the service is serving"},
                       {static_cast<int>(Exit::failure), "it failed; one line says why"},
                       {archivecli::kWithProblems, "an archive is made, but files changed meanwhile"},
                       {static_cast<int>(Exit::usage), "the command line is wrong"},
                       {static_cast<int>(Exit::config), "the configuration is wrong; each finding is a line"}}};
    if (!hooks_.migrations.empty()) {
      program.commands.push_back(migrate_command());
    }
    program.commands.push_back(config_command());
    const archivecli::Surroundings streams{.out = std::cout,
                                           .err = std::cerr,
                                           .is_terminal = ::isatty(STDERR_FILENO) == 1,
                                           .out_is_terminal = ::isatty(STDOUT_FILENO) == 1};
    const auto find = [this](const cli::Values& values) {
      config_file_ = values.text("config");
      return archivecli::Service{.name = hooks_.name, .version = hooks_.version, .folder = service_folder()};
    };
    program.commands.push_back(archivecli::service_archive_command(find, streams));
    program.commands.push_back(archivecli::service_restore_command(find, streams));
    program.commands.push_back(
        {.name = "doctor",
         .about = "look for what is wrong with this installation, each finding with its fix; 1 where anything is",
         .options = {{.name = "json", .about = "as a JSON array, for machines"}},
         .run = with_values([this](const cli::Values& values) { return examine(values.has("json")); })});
    program.commands.push_back(
        {.name = "routes",
         .about = "list what is served, each with its access rule",
         .options = {{.name = "check", .about = "fail where an RPC has no REST route and is not marked internal"}},
         .run = with_values([this](const cli::Values& values) { return list_routes(values.has("check")); })});
    for (const Hooks::Command& command : hooks_.commands) {
      program.commands.push_back({.name = command.name,
                                  .about = command.about,
                                  .takes_words_as_they_are = true,
                                  .run = with_values([this, &command](const cli::Values& values) {
                                    load();
                                    return command.run(values.words());
                                  })});
    }
    return program;
  }

  // Each command sees the file that --config names.
  Action with_values(Action run) {
    return [this, run = std::move(run)](const cli::Values& values) {
      config_file_ = values.text("config");
      return run(values);
    };
  }

  Action action(std::function<int()> run) {
    return with_values([run = std::move(run)](const cli::Values& /*values*/) { return run(); });
  }

  cli::Command snapshot_command() {
    return {.name = "snapshot",
            .about = "make a verified copy of the database and print its path",
            .arguments = {{.name = "PATH",
                           .about = "where; without it a dated file in the backup folder",
                           .kind = cli::Kind::file,
                           .is_optional = true}},
            .run = with_values([this](const cli::Values& values) {
              return print_snapshot(*load().standard, values.text("PATH"), std::cout);
            })};
  }

  cli::Command migrate_command() {
    using Step = int (*)(const config::Database&, Migrations, std::ostream&);
    const auto calls = [this](Step step) {
      return action([this, step] { return step(require_database(*load().standard), hooks_.migrations, std::cout); });
    };
    return {.name = "migrate",
            .about = "bring the database's schema up to date, as the server does",
            .commands = {{.name = "plan", .about = "print the pending steps with their SQL", .run = calls(print_plan)},
                         {.name = "status",
                          .about = "list all steps, when they ran, and what is wrong with them",
                          .run = calls(print_steps)},
                         {.name = "verify",
                          .about = "list everything that is wrong; 1 where anything is",
                          .run = calls(print_findings)},
                         {.name = "rehearse",
                          .about = "run the pending steps on a copy and say what they did",
                          .run = calls(rehearse)}},
            .run = calls(migrate_database)};
  }

  cli::Command config_command() {
    const auto show = [this](const cli::Values& values) {
      load();
      return print(hooks_.show(values.has("origin") ? config::Show::values_and_origins : config::Show::values));
    };
    return {
        .name = "config",
        .about = "look at the configuration",
        .commands = {
            {.name = "check", .about = "list everything that is wrong with it", .run = action([this] {
                                                                                  load();
                                                                                  return print(
                                                                                      "the configuration is sound\n");
                                                                                })},
            {.name = "show",
             .about = "print what is in force, secrets masked",
             .options = {{.name = "origin", .about = "say of each value where it came from"}},
             .run = with_values(show)},
            {.name = "example", .about = "print a configuration to start from", .run = action([this] {
                                                                                  return print(hooks_.example());
                                                                                })}}};
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

  // Where its configuration lies, or else its database. A restore may find neither of them, but the folder's name.
  std::optional<std::filesystem::path> find_service_folder() {
    if (const auto file = source().file; !file.empty()) {
      return std::filesystem::absolute(file).parent_path();
    }
    if (const auto path = load().standard->database.path; !path.empty()) {
      return std::filesystem::absolute(path).parent_path();
    }
    return std::nullopt;
  }

  std::filesystem::path service_folder() {
    if (auto folder = find_service_folder()) {
      return *std::move(folder);
    }
    throw Exception(Code::failed_precondition, "the service has no folder: give its configuration with --config");
  }

  // So that no restore exchanges the folder under a running service. Where there is no right to, databases that are
  // open still tell.
  std::optional<FolderLock> hold_folder(const log::Logger& logger) {
    const auto folder = find_service_folder();
    if (!folder) {
      return std::nullopt;
    }
    try {
      return value_or_throw(FolderLock::acquire(*folder, FolderLock::Use::shared));
    } catch (const Exception& exception) {
      if (exception.error().code() != Code::permission_denied) {
        throw;
      }
      logger.info("the folder is not locked against a restore", {{"error", exception.error().message()}});
      return std::nullopt;
    }
  }

  int examine(bool as_json) {
    doctor::Installation installation{
        .name = hooks_.name, .config_file = source().file, .migrations = hooks_.migrations};
    try {
      installation.config = load().standard;
    } catch (const config::Invalid& problem) {
      installation.config_findings = problem.findings();
    }
    const auto findings = doctor::examine(installation);
    if (as_json) {
      std::cout << doctor::to_json(findings) << '\n';
    } else {
      doctor::print(findings, std::cout);
    }
    return static_cast<int>(findings.empty() ? Exit::ok : Exit::failure);
  }

  int serve() {
    block_signals();
    const Hooks::Loaded loaded = load();
    const config::Standard& standard = *loaded.standard;
    const log::Logger logger(log_sink(standard.log.format), standard.log.format);
    logger.set_level(standard.log.level);
    logger.info("starting", {{"service", hooks_.name}, {"version", hooks_.version}});
    log_listeners(logger, loaded.listeners);
    Service service(hooks_.name, standard, logger);
    add_build_info(service.metrics(), hooks_.name, hooks_.version);
    const auto lock = hold_folder(logger);
    if (const auto folder = find_service_folder()) {
      add_backup_age(service, *folder / archive::kBackupFolder, standard.backup.max_age);
    }
    service.on_reload([&] { reload(logger); });
    hooks_.main(service);
    return static_cast<int>(Exit::ok);
  }

  // Runs `main` up to its `serve`, with a database of its own in a folder that is removed, and nothing listening.
  int list_routes(bool checks) {
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
                                            if (checks) {
                                              is_whole = check_routes(dispatcher, std::cerr);
                                            } else {
                                              print_routes(router, dispatcher, std::cout);
                                            }
                                          });
    hooks_.main(service);
    return static_cast<int>(is_whole ? Exit::ok : Exit::failure);
  }

  const Hooks& hooks_;
  std::string config_file_;
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
