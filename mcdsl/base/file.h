#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "mcdsl/base/result.h"

namespace mcdsl {

/// What a failed call on a file says of itself: already_exists, not_found, permission_denied, resource_exhausted (no
/// room on the disk, no descriptor left), else internal.
[[nodiscard]] Code code_of_errno(int errno_value) noexcept;

/// The whole of a file. Errors: not_found, permission_denied, resource_exhausted (longer than `limit` bytes), internal.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 16U << 20U);

/// Puts `bytes` at `path` so that a reader, or a crash, sees the old file or the new one and nothing between: a
/// temporary file beside it, fsync, rename, fsync of the folder. `mode` is the new file's, whatever the umask.
/// Throws Exception naming the path; nothing is left over then.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes, std::uint32_t mode = 0600);

}  // namespace mcdsl
