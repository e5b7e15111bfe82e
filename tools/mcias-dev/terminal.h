#pragma once

#include <string_view>

#include "mcdsl/base/secret.h"

namespace mcias {

/// Prompts on a terminal and reads a line that is not echoed, neither now nor from what was typed ahead. The terminal
/// is as it was afterwards, also when reading fails. Throws Exception: failed_precondition where `fd` is no terminal,
/// invalid_argument where it ends before the line.
[[nodiscard]] mcdsl::Secret read_hidden_line(int fd, std::string_view prompt);

}  // namespace mcias
