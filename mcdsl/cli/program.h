#pragma once

#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

#include "mcdsl/cli/command.h"

namespace mcdsl::cli {

/// The exit code for a command line that is wrong (EX_USAGE of sysexits.h).
inline constexpr int kUsage = 64;

enum class Shell : std::uint8_t { bash, zsh, fish };

/// Reads a command line (without the program's own name), runs what it asks for, and returns the exit code: the
/// command's, 0 for `--help`, or kUsage behind a line on `err` that says what is wrong.
///
/// Beside its own commands every program has `version [--json]` (also as `--version [--json]`), `completion
/// bash|zsh|fish` and `man`. Options may stand anywhere behind the command they belong to, those of the program
/// anywhere; "--" ends them. Throws what the command throws, and Exception (internal) for a program that is described
/// wrongly.
int run(const Program& program, std::span<const std::string> words, std::ostream& out, std::ostream& err);

/// The same for `main`, with the standard streams.
int run(const Program& program, int argc, char** argv);

/// What `--help` prints, for the program or the command that the words name.
[[nodiscard]] std::string help(const Program& program, std::span<const std::string> command = {});

/// A script for `source <(notes completion bash)`, or for the shell's folder of completions. Needs nothing but the
/// shell; knows commands, options, their choices, and where a file or a folder belongs.
[[nodiscard]] std::string completion(const Program& program, Shell shell);

/// A manual page of section 1, as roff for man(7).
[[nodiscard]] std::string manual(const Program& program);

/// {"name":"notes","version":"1.2.3","compiler":"g++ 12.2.0"}
[[nodiscard]] std::string version_json(const Program& program);

}  // namespace mcdsl::cli
