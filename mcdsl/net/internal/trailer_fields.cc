#include "mcdsl/net/internal/trailer_fields.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mcdsl/net/internal/http1_parser.h"

namespace mcdsl::net {
namespace {

// The kinds are those of RFC 9110 §6.5.1: framing, routing, request modifiers, authentication, control of
// caches, format of the content.
constexpr std::array<std::string_view, 35> kForbidden{
    "age",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "expect",
    "expires",
    "forwarded",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "retry-after",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "www-authenticate",
};

}  // namespace

bool is_trailer_field(std::string_view name) noexcept {
  // What a proxy says of the client (X-Forwarded-For and its like) is routing too.
  return !http::equal_ignoring_case(name.substr(0, 12), "x-forwarded-") &&
         std::ranges::none_of(kForbidden, [&](auto field) { return http::equal_ignoring_case(field, name); });
}

std::optional<http::Refusal> TrailerReader::add(std::string_view name, std::string_view value) {
  if (name.size() + value.size() > room()) {
    return http::Refusal{431, "trailers too large"};
  }
  if (count_ == max_fields_) {
    return kTooManyFields;
  }
  ++count_;
  bytes_ += name.size() + value.size();
  http::Headers ignored;
  if (!(is_trailer_field(name) ? fields_ : ignored).try_add(name, value)) {
    return http::Refusal{400, http::is_token(name) ? "invalid character in header value" : "malformed header name"};
  }
  return std::nullopt;
}

http::Headers TrailerReader::take() noexcept {
  return std::exchange(fields_, {});
}

}  // namespace mcdsl::net
