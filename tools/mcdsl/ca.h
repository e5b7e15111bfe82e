#pragma once

#include <iosfwd>

#include "mcdsl/base/clock.h"
#include "mcdsl/cli/command.h"

namespace mcdsl::tool {

/// `mcdsl ca new|issue|renew|show`: an authority is a folder with ca.pem and ca.key, and perhaps an intermediate in
/// intermediate.pem and intermediate.key, which then signs; a certificate is a folder with cert.pem, the chain in the
/// order that servers want, and key.pem. What they cannot do is thrown as Exception.
[[nodiscard]] cli::Command ca_commands(std::ostream& out, const Clock& clock);

}  // namespace mcdsl::tool
