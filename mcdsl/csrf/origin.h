#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/base/result.h"

namespace mcdsl::csrf {

/// Where a service is reached: scheme, host and port, as browsers write it (RFC 6454 §6.2, WHATWG URL "origin").
class Origin {
 public:
  /// Of "https://Notes.example.org:443/": host in lower case, no default port, no path. Errors: invalid_argument for
  /// what is no http(s) URL or has a path, a query, a fragment or a user.
  [[nodiscard]] static Result<Origin> parse(std::string_view url);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }  ///< "https://notes.example.org"
  [[nodiscard]] std::string_view host() const noexcept;                     ///< "notes.example.org", "[::1]"
  [[nodiscard]] bool is_https() const noexcept { return text_.starts_with("https:"); }
  [[nodiscard]] bool is_loopback() const noexcept;  ///< localhost (RFC 6761 §6.3), 127.0.0.0/8 or [::1]

  friend bool operator==(const Origin&, const Origin&) = default;

 private:
  explicit Origin(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// What a browser says of where a request comes from; nullopt for a header that is not there.
struct RequestSource {
  std::optional<std::string_view> sec_fetch_site = std::nullopt;  ///< W3C Fetch Metadata §2.3
  std::optional<std::string_view> origin = std::nullopt;          ///< RFC 6454 §7
};

/// Whether a request that changes something may come from there: `Sec-Fetch-Site` is "same-origin" or "none" (the
/// person typed it) where it is there, and `Origin` is ours where it is there. Clients that send neither (programs, old
/// browsers) are left to the token. Errors: permission_denied, saying what came.
[[nodiscard]] Result<void> check_source(const Origin& own, const RequestSource& source);

}  // namespace mcdsl::csrf
