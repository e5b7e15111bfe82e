#pragma once

#include <span>
#include <string>
#include <vector>

#include "mcdsl/cli/command.h"

namespace mcdsl::cli::internal {

/// What a command line asks for.
struct Request {
  std::vector<std::string> path;     ///< of the command
  const Command* command = nullptr;  ///< null where the line is wrong, and `problem` says how
  Values values;
  bool wants_help = false;
  std::string problem;
};

/// Reads the words that follow the program's name. Lifetime: the tree's.
[[nodiscard]] Request parse(const Command& root, std::span<const std::string> words);

}  // namespace mcdsl::cli::internal
