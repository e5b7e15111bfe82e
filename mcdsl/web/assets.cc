#include "mcdsl/web/assets.h"

#include <algorithm>

#include "mcdsl/base/error.h"
#include "mcdsl/http/conditional.h"
#include "mcdsl/http/content_coding.h"
#include "mcdsl/http/response.h"

namespace mcdsl::web {

Assets::Assets(std::initializer_list<AssetSource> sources, std::string_view prefix) : prefix_(prefix) {
  if (!prefix.starts_with('/') || prefix.ends_with('/')) {
    throw Exception(Code::internal, "web::Assets: the prefix '" + prefix_ + "' is not like '/static'");
  }
  std::map<std::string_view, const AssetFile*> by_name;
  for (const AssetSource& source : sources) {
    for (const AssetFile& file : source) {
      by_name.insert_or_assign(file.name, &file);
    }
  }
  for (const auto& [name, file] : by_name) {
    urls_.emplace(name, prefix_ + "/" + std::string(file->hashed_name));
    files_.emplace(file->hashed_name, file);
  }
}

const std::string* Assets::find_url(std::string_view name) const noexcept {
  const auto found = urls_.find(name);
  return found == urls_.end() ? nullptr : &found->second;
}

const std::string& Assets::url(std::string_view name) const {
  const std::string* url = find_url(name);
  if (url == nullptr) {
    throw Exception(Code::internal, "there is no asset '" + std::string(name) + "'");
  }
  return *url;
}

void Assets::add_routes(http::Router& router) const {
  router.get(prefix_ + "/*", [this](const http::Request& request) { return answer(request); });
}

http::Response Assets::answer(const http::Request& request) const {
  const auto found = files_.find(request.param("*"));
  if (found == files_.end()) {
    // Not kept: a replica with a newer or older build may have it a moment later.
    return http::error(Error(Code::not_found, "no such asset")).with_header("cache-control", "no-store");
  }
  const AssetFile& file = *found->second;
  http::Response response;
  // Each packing of it is another representation (RFC 9110 §8.8.3.3).
  std::string tag(file.hashed_name);
  response.headers.add("content-type", file.content_type);
  response.headers.add("cache-control", "public, max-age=31536000, immutable");
  response.headers.add("x-content-type-options", "nosniff");
  std::string_view body = file.bytes;
  if (!file.gzip.empty() || !file.zstd.empty()) {
    http::add_vary(response.headers, "accept-encoding");
  }
  for (const http::ContentCoding coding : http::accepted_codings(request.headers())) {
    const std::string_view packed = coding == http::ContentCoding::gzip ? file.gzip : file.zstd;
    if (!packed.empty()) {
      response.headers.add("content-encoding", http::name(coding));
      tag.append("-").append(http::name(coding));
      body = packed;
      break;
    }
  }
  response.headers.add("etag", "\"" + tag + "\"");
  response.body = body;
  return http::with_preconditions(request, std::move(response));
}

}  // namespace mcdsl::web
