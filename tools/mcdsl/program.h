#pragma once

#include <iosfwd>

#include "mcdsl/base/clock.h"
#include "mcdsl/cli/command.h"

namespace mcdsl::tool {

/// The command line of `mcdsl`. Lifetime: the stream and the clock outlive it.
[[nodiscard]] cli::Program describe(std::ostream& out, const Clock& clock = system_clock());

}  // namespace mcdsl::tool
