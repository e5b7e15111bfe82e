#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/cli/command.h"

/// The commands of a program as a tree with what every program has in it, and how each is written.
namespace mcdsl::cli::internal {

inline constexpr std::string_view kVersion = "version";
inline constexpr std::string_view kCompletion = "completion";
inline constexpr std::string_view kManual = "man";

/// The program with `version`, `completion` and `man` behind its own commands, and `--help` among its options. A
/// program as one command, so that the root of the tree is like its nodes. Throws Exception (internal) where two things
/// have one name, or one has none.
[[nodiscard]] Command whole_tree(const Program& program);

/// The command of that path, or null.
[[nodiscard]] const Command* find(const Command& root, std::span<const std::string> path);

/// Calls it for the root and all below, each with its path: " migrate plan", which is empty for the root.
void walk(const Command& root, const std::function<void(const Command& command, const std::string& path)>& visit);

/// "FILE"
[[nodiscard]] std::string value_name(const Option& option);

/// "--days NUMBER"
[[nodiscard]] std::string spelled(const Option& option);

/// "[PATH...]"
[[nodiscard]] std::string spelled(const Argument& argument);

/// "notes ca issue [--days NUMBER] NAME..."; the options of the program only where it is the root.
[[nodiscard]] std::string synopsis(const Command& command, const std::string& program, const std::string& path);

/// Words between separators.
[[nodiscard]] std::string joined(std::span<const std::string> words, std::string_view separator);

/// The names of a command's commands.
[[nodiscard]] std::vector<std::string> names_of(std::span<const Command> commands);

/// As part of the name of a function in a shell: "mcias_dev".
[[nodiscard]] std::string identifier(std::string_view name);

/// Within single quotes of a POSIX shell.
[[nodiscard]] std::string quoted(std::string_view text);

[[nodiscard]] std::string bash_completion(const Command& root);
[[nodiscard]] std::string zsh_completion(const Command& root);
[[nodiscard]] std::string fish_completion(const Command& root);

/// What the scripts of bash and zsh do alike: the arms of a `case` that follows the words before the cursor, with
/// `command`, `pending` (an option that waits for its value) and `count` (of arguments) as its state.
[[nodiscard]] std::string following_arms(const Command& root);

/// The arms' patterns for a command's option: of the root anywhere, otherwise behind its command.
[[nodiscard]] std::string option_pattern(const Option& option, const std::string& path);

/// The options that a command takes: its own and, below the root, the program's.
[[nodiscard]] std::vector<Option> options_at(const Command& root, const Command& command);

}  // namespace mcdsl::cli::internal
