#pragma once

#include <iosfwd>

#include "mcdsl/base/clock.h"
#include "mcdsl/cli/command.h"

namespace mcdsl::tool {

/// The command line of `mcdsl`. Progress goes to `err`, as a bar where that is a terminal. Lifetime: streams and clock
/// outlive it.
[[nodiscard]] cli::Program describe(std::ostream& out, std::ostream& err, bool err_is_terminal = false,
                                    const Clock& clock = system_clock());

}  // namespace mcdsl::tool
