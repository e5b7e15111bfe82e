#pragma once

#include <iosfwd>

#include "mcdsl/base/clock.h"
#include "mcdsl/cli/command.h"

namespace mcdsl::tool {

/// `mcdsl dev [FOLDER]`: the service of a folder with all it needs, on this machine: certificates, mcias-dev with
/// accounts, perhaps a proxy in front; started anew when its program changes. Runs until SIGINT or SIGTERM.
[[nodiscard]] cli::Command dev_command(std::ostream& out, const Clock& clock);

}  // namespace mcdsl::tool
