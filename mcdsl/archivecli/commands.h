#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>

#include "mcdsl/base/clock.h"
#include "mcdsl/cli/command.h"

/// The commands of `mcdsl archive` and of each service's `archive` and `restore`: the package archive on a command
/// line, with progress, `--json` and exit codes.
namespace mcdsl::archivecli {

/// Of `create`: the archive is made, but files changed while they were read, or were left out. Each is named.
inline constexpr int kWithProblems = 2;

/// Where commands print to. Results go to `out`, progress and warnings to `err`. Lifetime: all outlive the commands.
struct Surroundings {
  std::ostream& out;
  std::ostream& err;
  bool is_terminal = false;      ///< of `err`: a bar, otherwise a line for each 10 %
  bool out_is_terminal = false;  ///< of standard output, which is no place for an archive then
  const Clock& clock = system_clock();
};

/// `archive create|verify|list|extract|restore|prune` for the folder of any service. What fails is thrown as Exception.
[[nodiscard]] cli::Command archive_command(const Surroundings& with);

/// What a service knows of itself.
struct Service {
  std::string name;
  std::string version;
  std::filesystem::path folder;
};
using FindService = std::function<Service(const cli::Values& values)>;

/// `archive create [ARCHIVE]|verify [ARCHIVE]|prune`, for the folder of one service, which is found when a command
/// runs.
[[nodiscard]] cli::Command service_archive_command(const FindService& find, const Surroundings& with);

/// `restore ARCHIVE`, to the same.
[[nodiscard]] cli::Command service_restore_command(const FindService& find, const Surroundings& with);

}  // namespace mcdsl::archivecli
