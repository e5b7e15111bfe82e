#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mcdsl/http/router.h"

namespace mcdsl::web {

/// A file that is part of the program, as `mcdsl_assets()` in CMake prepares it.
struct AssetFile {
  std::string_view name;          ///< "app.css"
  std::string_view hashed_name;   ///< "app.3f9a0c21d4e5b6a7.css": SHA-256 of the content, its first 16 digits
  std::string_view content_type;  ///< "text/css; charset=utf-8"
  std::string_view bytes;
  std::string_view gzip;  ///< the same packed; empty where that is not shorter
  std::string_view zstd;
};

/// Assets that are part of the program: `mcdsl_assets()` makes a function that returns one.
/// Lifetime: the files it views are static.
using AssetSource = std::span<const AssetFile>;

/// Style sheets, scripts, icons: embedded files, served under names that change with their content, so that a browser
/// keeps them for a year without asking and still never shows an old one.
///
///     const web::Assets assets({notes::assets(), web::htmx()});
///     const web::Templates templates(notes::templates(), {.assets = &assets});
///     assets.add_routes(router);
///
/// Threads: const methods are safe from any.
class Assets {
 public:
  /// `prefix` is the path that they are served under. Where several sources have one name, the last one's is taken.
  /// Throws Exception (internal) for a prefix that does not begin with '/', or ends with one.
  Assets(std::initializer_list<AssetSource> sources, std::string_view prefix = "/static");
  explicit Assets(AssetSource source, std::string_view prefix = "/static") : Assets({source}, prefix) {}

  /// "/static/app.3f9a0c21d4e5b6a7.css" for "app.css". Throws Exception (internal) where there is no such asset.
  [[nodiscard]] const std::string& url(std::string_view name) const;

  /// The same; null pointer where there is none.
  [[nodiscard]] const std::string* find_url(std::string_view name) const noexcept;

  /// GET and HEAD of every asset under its hashed name: `Cache-Control: public, max-age=31536000, immutable`, an ETag,
  /// zstd or gzip for those who take it. 404 for anything else below the prefix, names with an old hash too, and never
  /// kept. Lifetime: the assets outlive the router.
  void add_routes(http::Router& router) const;

 private:
  [[nodiscard]] http::Response answer(const http::Request& request) const;

  std::string prefix_;
  std::map<std::string, std::string, std::less<>> urls_;
  std::map<std::string_view, const AssetFile*> files_;  ///< by hashed name
};

}  // namespace mcdsl::web
