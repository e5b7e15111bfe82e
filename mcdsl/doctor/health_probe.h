#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "mcdsl/config/standard.h"
#include "mcdsl/net/address.h"

namespace mcdsl::doctor {

/// How to reach the service that runs on this machine.
struct HealthProbe {
  net::Address address;
  /// The certificate that the service shows, whatever name it was made for; none where it does not speak TLS.
  std::optional<std::filesystem::path> certificate{};
  bool as_proxy = false;  ///< begins with a PROXY header that names nobody else
  std::chrono::seconds timeout{5};

  struct Answer {
    int status;
    std::string body;
  };

  /// The one for a service with that configuration, at one of its addresses.
  [[nodiscard]] static HealthProbe of(const config::Server& config, const net::Address& address);

  /// Asks for /v1/health, on a connection of its own. Throws Exception (unavailable) that names the URL and what
  /// failed.
  [[nodiscard]] Answer ask() const;
};

}  // namespace mcdsl::doctor
