#pragma once

#include "mcdsl/archivecli/commands.h"
#include "mcdsl/cli/command.h"

namespace mcdsl::tool {

/// The command line of `mcdsl`. Lifetime: streams and clock outlive it.
[[nodiscard]] cli::Program describe(const archivecli::Surroundings& with);

}  // namespace mcdsl::tool
