#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/http/headers.h"
#include "mcdsl/http/response.h"

namespace mcdsl::http {

/// The value of a cookie that a request carries (RFC 6265bis §4.2), over all its `Cookie` fields: HTTP/2 may split
/// them. As it was sent, quotes included. nullopt where there is none, or its value holds what no cookie may (§4.1.1).
///
/// Where a name stands several times, the first one counts: browsers send the cookie of the longest path first. But a
/// name that begins with `__Host-` can only stand once, so two of it are none: somebody else planted one. Names compare
/// with case. What a cookie says is its sender's word: it wants a seal or a signature before it is believed.
/// Lifetime: the view is the headers'.
[[nodiscard]] std::optional<std::string_view> find_cookie(const Headers& headers, std::string_view name) noexcept;

/// When a browser sends a cookie along with what another site's page started (RFC 6265bis §5.6.7).
enum class SameSite : std::uint8_t {
  strict,  ///< never
  lax,     ///< only with navigation by GET
  none,    ///< always; needs `secure`
};

/// A cookie to be set. There is no Domain: the cookie is this host's and of no other. From the start it is as closed as
/// a cookie can be; where less is wanted, say so.
struct Cookie {
  std::string name;        ///< a token; "__Host-" in front keeps other hosts and plain HTTP from setting it
  std::string value = {};  ///< visible ASCII but `" , ; \`
  std::string path = "/";
  std::optional<std::chrono::seconds> max_age = {};  ///< 0 deletes it; nullopt: until the browser closes
  bool http_only = true;                             ///< out of the reach of scripts
  bool secure = true;                                ///< over TLS only
  SameSite same_site = SameSite::strict;
};

/// The cookie as the value of a `Set-Cookie` field (RFC 6265bis §4.1). Throws Exception (invalid_argument) for what
/// browsers would ignore or take for something else: a name or value with foreign characters or of more than 4096 bytes
/// together, a path that is none, a negative age, `__Secure-` without `secure`, `__Host-` without `secure` or with
/// another path than "/" (§4.1.3; browsers look at prefixes without case), SameSite=None without `secure`.
[[nodiscard]] std::string format_cookie(const Cookie& cookie);

/// Adds it to a response. Throws as `format_cookie`.
void set_cookie(Response& response, const Cookie& cookie);

/// Has the browser forget a cookie: name, path, `secure` must be as they were when it was set.
void expire_cookie(Response& response, Cookie cookie);

}  // namespace mcdsl::http
