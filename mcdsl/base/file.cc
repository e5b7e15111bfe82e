#include "mcdsl/base/file.h"

#include <array>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcdsl/base/unique_fd.h"

namespace mcdsl {
namespace {

Error file_error(std::string_view doing, const std::filesystem::path& path, int errno_value) {
  return {code_of_errno(errno_value), std::string(doing) + " " + path.string() + ": " + errno_text(errno_value)};
}

}  // namespace

Code code_of_errno(int errno_value) noexcept {
  switch (errno_value) {
    case EEXIST:
      return Code::already_exists;
    case ENOENT:
    case ENOTDIR:
      return Code::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::permission_denied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
      return Code::resource_exhausted;
    default:
      return Code::internal;
  }
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return fail(file_error("open", path, errno));
  }
  std::string bytes;
  std::array<char, 16384> chunk{};
  for (;;) {
    const ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
    if (count == 0) {
      return bytes;
    }
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      return fail(file_error("read", path, errno));
    }
    bytes.append(chunk.data(), static_cast<std::size_t>(count));
    if (bytes.size() > limit) {
      return fail(Code::resource_exhausted,
                  "read " + path.string() + ": longer than " + std::to_string(limit) + " bytes");
    }
  }
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes, std::uint32_t mode) {
  std::string temporary = path.string() + ".tmp-XXXXXX";
  const UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) {
    throw Exception(file_error("create", temporary, errno));
  }
  const auto give_up = [&](std::string_view doing) {
    const int cause = errno;
    ::unlink(temporary.c_str());
    throw Exception(file_error(doing, path, cause));
  };
  for (std::string_view rest = bytes; !rest.empty();) {
    const ssize_t count = ::write(fd.get(), rest.data(), rest.size());
    if (count >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      give_up("write");
    }
  }
  if (::fchmod(fd.get(), mode) != 0) {
    give_up("set the mode of");
  }
  if (::fsync(fd.get()) != 0) {
    give_up("fsync");
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    give_up("rename to");
  }
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const UniqueFd folder_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_fd || ::fsync(folder_fd.get()) != 0) {
    throw Exception(file_error("fsync", folder, errno));
  }
}

}  // namespace mcdsl
