#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "mcdsl/base/clock.h"
#include "mcdsl/http/request.h"
#include "mcdsl/http/response.h"

namespace mcdsl::http {

struct StaticFilesOptions {
  std::filesystem::path root{};      ///< what lies below is public. Opened once: a folder moved here later is not seen
  std::string index = "index.html";  ///< the file that stands for a folder; empty: folders are not found

  std::string cache_control = "no-cache";  ///< kept, but asked for again each time, which costs a 304
  /// Names with a hash of their content ("app.3f9a0c21.js": at least 8 hexadecimal digits before the ending) never
  /// change what they stand for, and are kept for a year without asking.
  bool hashed_names = false;

  /// "name.zst" and "name.gz" beside a file are sent in its place to clients that take them, if they are not older.
  bool precompressed = false;

  /// A page may load what the same server has, and nobody may frame it.
  std::string content_security_policy = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'";
};

/// A handler that answers GET and HEAD with the files below a folder, for a route that ends with '*':
///
///     router.get("/static/*", http::StaticFiles({.root = "/usr/share/notes/static"}));
///
/// No path and no link leads out of the folder, names that start with a dot are not found, and neither is anything but
/// regular files. A folder without a '/' at its end is redirected to the one with, so that the links of its index hold.
/// With ETag and Last-Modified, conditional requests, and ranges. A file that is replaced while it is sent should be
/// replaced by a rename: one that is overwritten is sent mixed.
///
/// Threads: safe from any. Errors: the constructor throws Exception (failed_precondition) where the root cannot be
/// opened.
class StaticFiles {
 public:
  explicit StaticFiles(StaticFilesOptions options, const Clock& clock = system_clock());

  [[nodiscard]] Response operator()(const Request& request) const;

 private:
  struct Folder;
  std::shared_ptr<const Folder> folder_;  // shared by the copies that a router makes
};

}  // namespace mcdsl::http
