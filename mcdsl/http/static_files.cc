#include "mcdsl/http/static_files.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/http/conditional.h"
#include "mcdsl/http/content_coding.h"
#include "mcdsl/http/date.h"
#include "mcdsl/http/entity_tag.h"
#include "mcdsl/http/internal/beneath.h"
#include "mcdsl/http/media_type.h"
#include "mcdsl/http/ranges.h"

namespace mcdsl::http {
namespace {

using internal::Found;

constexpr std::string_view kForever = "public, max-age=31536000, immutable";

// File systems know times that a clock of nanoseconds does not: what is out of its range is taken for its end.
Clock::WallTime modified_at(const struct stat& status) {
  constexpr std::int64_t kLatest = 9'000'000'000;  // in the year 2255
  const std::chrono::seconds seconds(std::clamp<std::int64_t>(status.st_mtim.tv_sec, 0, kLatest));
  return Clock::WallTime(std::chrono::duration_cast<Clock::WallTime::duration>(
      seconds + std::chrono::nanoseconds(status.st_mtim.tv_nsec)));
}

// Hashed, since the number of an inode is nobody's business. A file that was written a moment ago may be written again
// within one tick of the file system's clock, and keep its tag: so far the tag is weak (RFC 9110 §8.8.1).
std::string etag_of(const struct stat& status, Clock::WallTime now) {
  const std::string state = std::to_string(status.st_dev) + ' ' + std::to_string(status.st_ino) + ' ' +
                            std::to_string(status.st_size) + ' ' + std::to_string(status.st_mtim.tv_sec) + ' ' +
                            std::to_string(status.st_mtim.tv_nsec);
  const bool settled = modified_at(status) + std::chrono::seconds(1) <= now;
  return (settled ? "" : "W/") + entity_tag_of(state);
}

// "app.3f9a0c21.js", "app-3f9a0c21.min.js": a piece between dots and dashes, but the first and the last, of 8 digits or
// more, with a letter among them, so that a date is none.
bool has_hash(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_hex = [&](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); };
  for (std::size_t start = name.find_first_of(".-"); start != std::string_view::npos;) {
    const std::size_t end = name.find_first_of(".-", start + 1);
    const std::string_view piece = name.substr(start + 1, end - start - 1);
    if (end != std::string_view::npos && piece.size() >= 8 && std::ranges::all_of(piece, is_hex) &&
        std::ranges::any_of(piece, is_digit) && !std::ranges::all_of(piece, is_digit)) {
      return true;
    }
    start = end;
  }
  return false;
}

// What of the path stood at the route's '*', still encoded: as many segments come before it as in the pattern.
std::string_view rest_of(const Request& request) {
  const std::string_view pattern = request.route();
  if (!pattern.ends_with("/*")) {
    throw Exception(Code::internal,
                    "static files belong on a route that ends with '*', not on \"" + std::string(pattern) + "\"");
  }
  std::string_view path = request.path();
  for (auto slashes = std::ranges::count(pattern, '/'); slashes > 0; --slashes) {
    path.remove_prefix(path.find('/') + 1);
  }
  return path;
}

// Relative and behind "./", so that it can name neither another server nor a scheme (RFC 3986 §4.2).
Response redirect_to_folder(std::string_view path) {
  Response response;
  response.status = 301;
  response.headers.add("location", "./" + percent_encode(path.substr(path.rfind('/') + 1)) + '/');
  return response;
}

}  // namespace

struct StaticFiles::Folder {
  StaticFilesOptions options;
  const Clock& clock;
  UniqueFd root;

  // A regular file; not_found for anything else.
  [[nodiscard]] Result<Found> open_file(const std::string& path) const {
    auto found = internal::open_below(root.get(), path);
    if (found && !S_ISREG(found->status.st_mode)) {
      return fail(Code::not_found, "it is no regular file");
    }
    return found;
  }

  [[nodiscard]] Response answer(const Request& request, const std::string& path) const;
  [[nodiscard]] Response send(const Request& request, const std::string& path, Found found) const;
  [[nodiscard]] std::optional<std::pair<Found, ContentCoding>> packed_neighbour(const Request& request,
                                                                                const std::string& path,
                                                                                const Found& plain) const;
};

std::optional<std::pair<Found, ContentCoding>> StaticFiles::Folder::packed_neighbour(const Request& request,
                                                                                     const std::string& path,
                                                                                     const Found& plain) const {
  for (const ContentCoding coding : accepted_codings(request.headers())) {
    auto found = open_file(path + (coding == ContentCoding::gzip ? ".gz" : ".zst"));
    if (found && modified_at(found->status) >= modified_at(plain.status)) {
      return std::pair(*std::move(found), coding);
    }
  }
  return std::nullopt;
}

Response StaticFiles::Folder::send(const Request& request, const std::string& path, Found found) const {
  Response response;
  Headers& headers = response.headers;
  headers.add("content-type", content_type_of(path));
  headers.add("x-content-type-options", "nosniff");
  headers.add("content-security-policy", options.content_security_policy);
  headers.add("cache-control", options.hashed_names && has_hash(path) ? kForever : options.cache_control);
  if (options.precompressed) {
    add_vary(headers, "accept-encoding");
    if (auto packed = packed_neighbour(request, path, found)) {
      found = std::move(packed->first);
      headers.add("content-encoding", name(packed->second));
    }
  }
  const Clock::WallTime now = clock.now();
  headers.add("etag", etag_of(found.status, now));
  // Never later than the message itself (RFC 9110 §8.8.2.1).
  headers.add("last-modified",
              format_date(std::chrono::floor<std::chrono::seconds>(std::min(modified_at(found.status), now))));
  response.file = FileBody{.fd = std::make_shared<const UniqueFd>(std::move(found.fd)),
                           .offset = 0,
                           .length = static_cast<std::uint64_t>(found.status.st_size)};
  return with_range(request, with_preconditions(request, std::move(response), clock), clock);
}

Response StaticFiles::Folder::answer(const Request& request, const std::string& path) const {
  const bool names_folder = path.empty() || path.ends_with('/');
  const std::string file = names_folder ? path + options.index : path;
  auto found = internal::open_below(root.get(), file);
  if (!found) {
    return error(std::move(found).error());
  }
  if (S_ISREG(found->status.st_mode)) {
    return send(request, file, *std::move(found));
  }
  // A folder is only there for whoever may see its index.
  if (!names_folder && S_ISDIR(found->status.st_mode) && !options.index.empty() &&
      open_file(path + '/' + options.index)) {
    return redirect_to_folder(path);
  }
  return error(404, "not found");
}

StaticFiles::StaticFiles(StaticFilesOptions options, const Clock& clock) {
  UniqueFd root(::open(options.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const int problem = errno;
  if (!root) {
    throw Exception(Code::failed_precondition,
                    "static files: open folder \"" + options.root.string() + "\": " + errno_text(problem));
  }
  // Also where the kernel or a sandbox does not know openat2, which is better learned now.
  if (auto readable = internal::open_below(root.get(), ""); !readable) {
    throw Exception(readable.error()
                        .wrap("static files: read folder \"" + options.root.string() + '"')
                        .with_code(Code::failed_precondition));
  }
  folder_ = std::make_shared<const Folder>(std::move(options), clock, std::move(root));
}

Response StaticFiles::operator()(const Request& request) const {
  if (request.method() != Method::get && request.method() != Method::head) {
    return error(405, "method not allowed").with_header("allow", "GET, HEAD");
  }
  const auto path = internal::path_below(rest_of(request));
  return path ? folder_->answer(request, *path) : error(404, "not found");
}

}  // namespace mcdsl::http
