#pragma once

#include <cstdint>

#include "mcdsl/base/unique_fd.h"

namespace mcdsl::tool {

/// A connection to a port of 127.0.0.1; none where nothing listens there.
[[nodiscard]] UniqueFd connect_to_loopback(std::uint16_t port);

}  // namespace mcdsl::tool
