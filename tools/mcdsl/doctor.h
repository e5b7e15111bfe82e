#pragma once

#include <iosfwd>

#include "mcdsl/base/clock.h"
#include "mcdsl/cli/command.h"

namespace mcdsl::tool {

/// `mcdsl doctor [FOLDER]`: looks at the folder of any service that has the standard configuration. What only the
/// service itself knows, its own settings and its migrations, it leaves to `<service> doctor`.
[[nodiscard]] cli::Command doctor_command(std::ostream& out, const Clock& clock);

}  // namespace mcdsl::tool
