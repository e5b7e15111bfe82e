#include "mcdsl/http/internal/beneath.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ranges>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/http/headers.h"
#include "mcdsl/http/request.h"

namespace mcdsl::http::internal {
namespace {

bool is_hex(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Whether somebody who decodes a second time would read something else.
bool has_escape(std::string_view text) noexcept {
  for (std::size_t i = 0; i + 2 < text.size(); ++i) {
    if (text[i] == '%' && is_hex(text[i + 1]) && is_hex(text[i + 2])) {
      return true;
    }
  }
  return false;
}

bool is_plain_segment(std::string_view segment) noexcept {
  return !segment.empty() && segment.front() != '.' && segment.back() != '.' && segment.back() != ' ';
}

// What the client's choice of a path causes; to it, all of these are a file that is not there.
bool means_not_found(int problem) noexcept {
  constexpr std::array kProblems{ENOENT, ENOTDIR, ELOOP, EXDEV, ENAMETOOLONG, EACCES, EPERM, ENXIO, ENODEV, EINVAL};
  return std::ranges::find(kProblems, problem) != kProblems.end();
}

Error open_error(int problem, std::string_view path) {
  const std::string message = "open \"" + printable(path) + "\": " + errno_text(problem);
  if (means_not_found(problem)) {
    return {Code::not_found, message};
  }
  const bool short_of = problem == EMFILE || problem == ENFILE || problem == ENOMEM || problem == EAGAIN;
  return {short_of ? Code::unavailable : Code::internal, message};
}

int openat2(int folder, const char* path) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, folder, path, &how, sizeof how));
}

}  // namespace

std::optional<std::string> path_below(std::string_view encoded) {
  auto decoded = percent_decode(encoded);
  if (!decoded || !is_field_value(*decoded) || decoded->contains('\t') || decoded->contains('\\') ||
      has_escape(*decoded) || std::ranges::count(*decoded, '/') != std::ranges::count(encoded, '/')) {
    return std::nullopt;
  }
  if (decoded->empty()) {
    return decoded;
  }
  std::string_view rest = *decoded;
  if (rest.ends_with('/')) {  // a folder
    rest.remove_suffix(1);
    if (rest.empty()) {
      return std::nullopt;
    }
  }
  for (const auto& piece : std::views::split(rest, '/')) {
    if (!is_plain_segment(std::string_view(piece.begin(), piece.end()))) {
      return std::nullopt;
    }
  }
  return decoded;
}

Result<Found> open_below(int folder, const std::string& path) {
  // EAGAIN: something was moved while a link with ".." in it was followed, so the kernel cannot tell where it led.
  constexpr int kTries = 4;
  Found found{};
  for (int i = 0; i < kTries; ++i) {
    found.fd.reset(openat2(folder, path.empty() ? "." : path.c_str()));
    if (found.fd || (errno != EAGAIN && errno != EINTR)) {
      break;
    }
  }
  if (!found.fd) {
    return fail(open_error(errno, path));
  }
  if (::fstat(found.fd.get(), &found.status) != 0) {
    return fail(open_error(errno, path));
  }
  return found;
}

}  // namespace mcdsl::http::internal
