#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "mcdsl/config/config.h"
#include "mcdsl/db/migration.h"
#include "mcdsl/service/service.h"

namespace mcdsl {

/// A subcommand of a service's own, beside the standard ones: `mcias-dev user add alice`.
template <class Config>
struct Command {
  std::string name;
  std::string about;  ///< one line for --help
  /// Gets the words behind the name, `--help` too, without `--config FILE` (before a "--"); returns the exit code. What
  /// it throws ends the process as with every command.
  std::function<int(std::span<const std::string> arguments, const Config& config)> run;
};

/// What a program says of itself.
template <class Config>
struct Program {
  std::string name;  ///< also of its config file (`notes.toml`) and, in capitals, of its variables (`NOTES_…`)
  std::string version = "0.0.0";
  std::string about{};  ///< one line for --help
  std::vector<Command<Config>> commands{};
  /// The history of the schema that `main` gives to `Database::migrate`: for the command `migrate`, which there is only
  /// where this is not empty. Lifetime: outlives `run`.
  std::span<const db::Migration> migrations{};
};

/// The exit codes of `run` (sysexits.h where it has one).
enum class Exit : std::uint8_t {
  ok = 0,
  failure = 1,  ///< a port in use, a database that does not open, a check that failed
  usage = 64,   ///< the command line is wrong
  config = 78,  ///< the configuration is; every finding is printed
};

namespace internal {

/// What `run` needs of the config's type, with the type left out.
struct Hooks {
  struct Loaded {
    const config::Standard* standard = nullptr;
    std::span<const config::Listener> listeners{};
  };
  struct Command {
    std::string name;
    std::string about;
    std::function<int(std::span<const std::string>)> run;
  };

  std::string name;
  std::string version;
  std::string about;
  std::vector<Command> commands;
  std::span<const db::Migration> migrations;
  std::function<Loaded(const config::Source&)> load;
  std::function<config::Log(const config::Source&)> load_log;  // and nothing else: the rest is in use
  std::function<std::string(config::Show)> show;
  std::function<std::string()> example;
  std::function<void(Service&)> main;
};

int run(const Hooks& hooks, int argc, char** argv);

}  // namespace internal

/// The whole command line of a service around its `main`, which fills the service and calls `serve`:
///
///     notes server                       serve until SIGTERM or SIGINT
///     notes init                         make the folder of the service: an example config, certs/, backups/
///     notes status                       ask the running service for its health; 0 when it is serving
///     notes snapshot [PATH]              a verified copy of the database; prints its path
///     notes migrate                      bring the database's schema up to date, as `server` does, and say what ran
///     notes migrate plan                 the pending steps with their SQL
///     notes migrate status               a table of all steps, and what is wrong with them
///     notes migrate verify               everything that is wrong with steps, foreign keys and file; 1 if anything is
///     notes migrate rehearse             run the pending steps on a copy: how long they take, which rows come and go
///     notes config check|show|example    what is wrong with the configuration, what is in force, one to start from
///     notes doctor [--json]              what is wrong with the installation, each with its fix; 1 if anything is
///     notes archive create|verify|prune  the service's folder as one file, while it runs; see the package archivecli
///     notes restore ARCHIVE              that file in the place of the folder, in one step; not while it runs
///     notes routes [--check]             every REST route and RPC with its access rule
///     notes version [--json]
///     notes completion bash|zsh|fish     a script that completes all of this in a shell
///     notes man                          the manual page
///
/// Of the `migrate` commands, which a program without migrations does not have, only the bare one changes the database
/// or makes it. Each command takes `--config FILE`; without it /srv/<name>/<name>.toml is read where it exists. Returns
/// the exit code: errors are one line on standard error, the findings of a bad configuration one line each.
template <std::derived_from<config::Standard> Config = config::Standard, class Main>
  requires std::invocable<Main, Service&> || std::invocable<Main, Service&, const Config&>
int run(const Program<Config>& program, int argc, char** argv, Main main) {
  auto loaded = std::make_shared<config::Loaded<Config>>();
  internal::Hooks hooks{.name = program.name,
                        .version = program.version,
                        .about = program.about,
                        .commands = {},
                        .migrations = program.migrations,
                        .load = {},
                        .load_log = {},
                        .show = {},
                        .example = {},
                        .main = {}};
  for (const Command<Config>& command : program.commands) {
    hooks.commands.push_back(
        {command.name, command.about, [run = command.run, loaded](std::span<const std::string> arguments) {
           return run(arguments, loaded->value);
         }});
  }
  hooks.load = [loaded](const config::Source& source) {
    *loaded = config::load<Config>(source);
    return internal::Hooks::Loaded{.standard = &loaded->value, .listeners = loaded->listeners};
  };
  hooks.load_log = [](const config::Source& source) { return config::load<Config>(source)->log; };
  hooks.show = [loaded](config::Show what) { return config::show(*loaded, what); };
  hooks.example = [] { return config::example<Config>(); };
  hooks.main = [loaded, &main](Service& service) {
    if constexpr (std::invocable<Main, Service&, const Config&>) {
      main(service, std::as_const(loaded->value));
    } else {
      main(service);
    }
  };
  return internal::run(hooks, argc, argv);
}

}  // namespace mcdsl
