#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "mcdsl/base/result.h"

namespace mcdsl {

/// The whole of a file. Errors: not_found, permission_denied, resource_exhausted (longer than `limit` bytes), internal.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 16U << 20U);

/// Puts `bytes` at `path` so that a reader, or a crash, sees the old file or the new one and nothing between: a
/// temporary file beside it, fsync, rename, fsync of the folder. `mode` is the new file's, whatever the umask.
/// Throws Exception naming the path; nothing is left over then.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes, std::uint32_t mode = 0600);

}  // namespace mcdsl
