#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/config/binder.h"

namespace mcias {

/// A `[[sso_clients]]` table: a service whose users log in on the pages of this server.
///
///     [[sso_clients]]
///     client_id = "notes"
///     redirect_uris = ["https://notes.example.org/sso/callback"]
///     service_name = "notes"
struct SsoClient {
  std::string client_id = {};
  std::vector<std::string> redirect_uris = {};
  std::string service_name = {};  ///< what the login policy knows the service as

  void bind(mcdsl::config::Binder& b);

  struct Mistake {
    std::string_view key;
    std::string what;
  };
  [[nodiscard]] std::optional<Mistake> mistake() const;
};

/// Scheme, host and port of an absolute http(s) URL: "https://notes.example.org". nullopt for what a redirect URI may
/// not be (RFC 6749 §3.1.2): relative, with a fragment, a user or characters that no URI has, or over plain HTTP to
/// another machine.
[[nodiscard]] std::optional<std::string_view> redirect_origin(std::string_view uri);

}  // namespace mcias
