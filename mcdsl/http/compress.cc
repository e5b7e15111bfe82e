#include "mcdsl/http/compress.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "mcdsl/http/content_coding.h"
#include "mcdsl/http/content_type.h"
#include "mcdsl/http/entity_tag.h"
#include "mcdsl/http/internal/compressor.h"
#include "mcdsl/http/media_type.h"

namespace mcdsl::http {
namespace {

using internal::Compressor;

// Whether this answer is packed for clients that want it so.
bool may_pack(const Response& response, const CompressOptions& options) {
  constexpr std::array<std::string_view, 5> kForbidden{"set-cookie", "content-encoding", "content-range",
                                                       "content-digest", "repr-digest"};  // RFC 9530: of these bytes
  const Headers& headers = response.headers;
  return !response.file && !response.stream && response.status >= 200 && response.status != 206 &&
         response.body.size() >= options.min_bytes && response.body.size() <= options.max_bytes &&
         std::ranges::none_of(kForbidden, [&](std::string_view name) { return headers.contains(name); }) &&
         !headers.has_element("cache-control", "no-transform") &&
         is_text_like(media_type(headers.get("content-type").value_or("")));
}

// The same bytes no longer stand behind the tag, but what they mean does.
void weaken_etag(Headers& headers) {
  const std::string tag(headers.get("etag").value_or(""));
  const auto parsed = parse_entity_tag(tag);
  if (!parsed) {
    headers.remove("etag");
  } else if (!parsed->weak) {
    headers.set("etag", "W/" + tag);
  }
}

// A 304 names the tag that the 200 had (RFC 9110 §15.4.5): the weak one, where that is what the client holds. A cache
// would not find its answer by the strong one (RFC 9111 §4.3.4).
void match_etag(const Request& request, Headers& headers) {
  const auto tag = headers.get("etag");
  if (!tag) {
    return;
  }
  const std::string weak = "W/" + std::string(*tag);
  for (const Headers::Field field : request.headers()) {
    if (field.name == "if-none-match" && field.value.contains(weak)) {
      weaken_etag(headers);
      return;
    }
  }
}

void pack(Response& response, const CodingList& codings, Compressor& compressor) {
  if (codings.empty()) {
    return;
  }
  auto packed = compressor.pack(*codings.begin(), response.body);
  if (!packed) {
    return;
  }
  response.body = *std::move(packed);
  response.headers.set("content-encoding", name(*codings.begin()));
  response.headers.remove("accept-ranges");  // a part is never packed
  response.headers.remove("content-length");
  if (response.headers.contains("etag")) {
    weaken_etag(response.headers);
  }
}

}  // namespace

Middleware compress(CompressOptions options) {
  // One for all routes, since it bounds what is held.
  return [options, compressor = std::make_shared<Compressor>()](Handler next) -> Handler {
    return [options, compressor, next = std::move(next)](Request& request) {
      Response response = next(request);
      const bool unmodified = response.status == 304;
      if (!unmodified && !may_pack(response, options)) {
        return response;
      }
      add_vary(response.headers, "accept-encoding");
      if (unmodified) {
        match_etag(request, response.headers);
      } else {
        pack(response, accepted_codings(request.headers()), *compressor);
      }
      return response;
    };
  };
}

}  // namespace mcdsl::http
