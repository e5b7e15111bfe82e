#include "tools/mcias-dev/sso_client.h"

#include <algorithm>
#include <cstddef>

#include "mcdsl/base/bytes.h"
#include "mcdsl/csrf/origin.h"

namespace mcias {
namespace {

constexpr std::size_t kMaxClientId = 64;
constexpr std::size_t kMaxUri = 2000;

bool is_visible(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7F'; });
}

}  // namespace

std::optional<std::string_view> redirect_origin(std::string_view uri) {
  constexpr std::string_view kNoUriCharacters = "\"<>\\^`{|}#";
  const auto scheme = uri.find("://");
  if (scheme == std::string_view::npos || uri.size() > kMaxUri || !is_visible(uri) ||
      uri.find_first_of(kNoUriCharacters) != std::string_view::npos) {
    return std::nullopt;
  }
  const auto path = uri.find_first_of("/?", scheme + 3);
  if (path == std::string_view::npos || uri[path] != '/') {
    return std::nullopt;
  }
  const std::string_view text = uri.substr(0, path);
  const auto origin = mcdsl::csrf::Origin::parse(text);
  const bool is_good = origin && (origin->is_https() || origin->is_loopback());
  return is_good ? std::optional(text) : std::nullopt;
}

void SsoClient::bind(mcdsl::config::Binder& b) {
  b.field("client_id", client_id, {.doc = "What the service calls itself here (its sso.client_id)."});
  b.field("redirect_uris", redirect_uris,
          {.doc = "Where the browser is sent back to: one of these exactly, byte for byte (its sso.redirect_uri)."});
  b.field("service_name", service_name,
          {.doc = "What the login policy knows the service as (its mcias.service_name)."});
  b.check([this](const mcdsl::config::Refuse& refuse) {
    if (const auto found = mistake()) {
      refuse(found->key, found->what);
    }
  });
}

std::optional<SsoClient::Mistake> SsoClient::mistake() const {
  if (client_id.empty() || client_id.size() > kMaxClientId || !is_visible(client_id)) {
    return Mistake{.key = "client_id", .what = "is 1 to 64 visible ASCII characters"};
  }
  if (service_name.empty()) {
    return Mistake{.key = "service_name", .what = "is needed: the login policy goes by it"};
  }
  if (redirect_uris.empty()) {
    return Mistake{.key = "redirect_uris", .what = "is needed: nobody can be sent back without"};
  }
  for (const std::string& uri : redirect_uris) {
    if (!redirect_origin(uri)) {
      return Mistake{.key = "redirect_uris",
                     .what = "\"" + mcdsl::printable(uri) +
                             "\" is no https:// URL with a path and without a fragment (http:// is for localhost)"};
    }
  }
  return std::nullopt;
}

}  // namespace mcias
