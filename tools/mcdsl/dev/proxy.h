#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

namespace mcdsl::tool {

/// What stands in front of a service under development, on 127.0.0.1 alone: for a look at the service as it will be
/// deployed, nothing more. It serves from when it is made until it is destroyed, which cuts what is under way.
class Proxy {
 public:
  Proxy() = default;
  virtual ~Proxy() = default;
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;
};

struct ProxySettings {
  std::uint16_t port;     ///< where clients come; 127.0.0.1
  std::uint16_t backend;  ///< of the service; 127.0.0.1
  std::filesystem::path certificate{};
  std::filesystem::path key{};
};

/// Ends TLS and passes each request on as plain HTTP/1.1, with X-Forwarded-For, -Proto and -Host and X-Real-IP in place
/// of what the client says. Answers 502 while nothing listens behind. Speaks HTTP/2 with clients but not behind, where
/// RPCs go as gRPC-Web, Connect and REST only. Throws Exception.
[[nodiscard]] std::unique_ptr<Proxy> make_http_proxy(const ProxySettings& settings);

/// Passes each connection on as it is, TLS and all, behind a PROXY header (haproxy's proxy-protocol.txt, version 1).
/// Throws Exception.
[[nodiscard]] std::unique_ptr<Proxy> make_protocol_proxy(const ProxySettings& settings);

}  // namespace mcdsl::tool
