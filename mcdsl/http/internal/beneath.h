#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/stat.h>

#include "mcdsl/base/result.h"
#include "mcdsl/base/unique_fd.h"

namespace mcdsl::http::internal {

/// A path below a folder, as the rest of a request's path names it; decoded, without '/' in front: "css/site.css". It
/// ends with '/' or is empty where it names a folder. nullopt for whatever might mean another file to someone else:
/// a malformed escape, NUL, malformed UTF-8 (overlong too), a control character, an escaped slash, a backslash in any
/// form, an escape within what an escape stands for, an empty segment; and for what is none of the client's business: a
/// segment that starts with a dot. A segment does not end with a dot or a space, which some systems drop.
[[nodiscard]] std::optional<std::string> path_below(std::string_view encoded);

/// A file or folder that was found below another, open for reading.
struct Found {
  UniqueFd fd;
  struct stat status{};
};

/// Opens a path that cannot leave `folder`, whatever it says and whatever links stand on it (openat2(2)
/// RESOLVE_BENEATH): a link that ends up inside is followed, an absolute one never. Does not wait for the other end
/// of a FIFO. `path` is relative; "" is the folder itself.
/// Errors: not_found where there is nothing to be read, unavailable where descriptors or memory are short, internal.
[[nodiscard]] Result<Found> open_below(int folder, const std::string& path);

}  // namespace mcdsl::http::internal
