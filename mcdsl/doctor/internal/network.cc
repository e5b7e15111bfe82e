// Whether the service can listen where it should, and who is believed to be a proxy.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/doctor/health_probe.h"
#include "mcdsl/doctor/internal/checks.h"
#include "mcdsl/http/router.h"
#include "mcdsl/httpserver/server.h"
#include "mcdsl/net/server.h"

namespace mcdsl::doctor::internal {
namespace {

namespace fs = std::filesystem;

struct Place {
  std::string key;  // of the configuration
  net::Address address;
};

std::vector<Place> places_of(const config::Server& config) {
  std::vector<Place> places;
  const auto add = [&](const char* key, const std::string& text) {
    if (auto address = net::parse_address(text); !text.empty() && address) {
      places.push_back({.key = std::string("server.") + key, .address = *std::move(address)});
    }
  };
  add("listen_addr", config.listen_addr);
  for (const std::string& address : config.also_listen) {
    add("also_listen", address);
  }
  add("grpc_addr", config.grpc_addr);
  add("admin_addr", config.admin_addr);
  return places;
}

// Whether it is our service that answers there.
bool is_ours(const config::Server& config, const Place& place) {
  HealthProbe probe = HealthProbe::of(config, place.address);
  const bool is_plain = (place.key == "server.admin_addr" && place.address.is_loopback()) ||
                        (place.key == "server.also_listen" && place.address.is_unix());
  if (is_plain) {
    probe.certificate.reset();
  }
  constexpr int kServing = 200;
  constexpr int kNotReady = 503;
  try {
    const auto answer = probe.ask();
    return (answer.status == kServing || answer.status == kNotReady) && answer.body.contains("\"status\"");
  } catch (const Exception&) {
    return false;
  }
}

void report_taken(const Place& place, Report& report) {
  const std::string by = place.address.is_unix() ? "ss -lxp src " + place.address.unix_path
                                                 : "ss -ltnp 'sport = :" + std::to_string(place.address.port) + "'";
  report.error(place.address.to_string(),
               "is taken by another program, so that " + place.key + " cannot be listened at",
               by + " shows which; stop it, or choose another " + place.key);
}

// Without touching what lies at its path.
void check_unix(const config::Server& config, const Place& place, Report& report) {
  const fs::path path = place.address.unix_path;
  const fs::path folder = fs::absolute(path).parent_path();
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof(name.sun_path)) {
    report.error(place.key, "the path of the socket is longer than the system allows", "choose a shorter one");
    return;
  }
  if (!fs::is_directory(folder)) {
    report.error(place.key, "the folder of the socket, " + folder.string() + ", is not there",
                 "make it, or have systemd make it (RuntimeDirectory=)");
    return;
  }
  if (!fs::exists(path)) {
    return;
  }
  if (!fs::is_socket(path)) {
    report.error(place.key, "what lies at " + path.string() + " is no socket, and the service does not replace it",
                 "move it away, or choose another path");
    return;
  }
  std::memcpy(name.sun_path, path.c_str(), path.native().size());
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const bool is_listening =
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), static_cast<socklen_t>(sizeof(name))) == 0;
  if (is_listening && !is_ours(config, place)) {
    report_taken(place, report);
  }
}

void check_tcp(const config::Server& config, const Place& place, Report& report) {
  const http::Router nothing;
  net::Server server(nothing, net::ServerOptions{.loops = 1});
  try {
    (void)server.listen(place.address, nullptr);
  } catch (const Exception& problem) {
    if (!problem.error().to_string().contains(errno_text(EADDRINUSE))) {
      report.error(place.key, problem.what(), "choose an address that this machine has and the service may use");
    } else if (!is_ours(config, place)) {
      report_taken(place, report);
    }
  }
}

bool is_everybody(const std::string& block) {
  return block.ends_with("/0");
}

}  // namespace

void check_ports(const config::Server& config, Report& report) {
  const auto places = places_of(config);
  for (auto place = places.begin(); place != places.end(); ++place) {
    const auto same = std::find_if(places.begin(), place, [&](const Place& before) {
      const bool has_port = place->address.is_unix() || place->address.port != 0;
      return has_port && before.address.to_string() == place->address.to_string();
    });
    if (same != place) {
      report.error(place->key, "names the same address as " + same->key, "give each an address of its own");
    } else if (place->address.is_unix()) {
      check_unix(config, *place, report);
    } else {
      check_tcp(config, *place, report);
    }
  }
  const auto admin = net::parse_address(config.admin_addr);
  if (!config.admin_addr.empty() && admin && !admin->is_loopback()) {
    report.warning("server.admin_addr", "other machines can read the metrics at " + config.admin_addr,
                   "use an address on loopback or a Unix socket, unless a firewall keeps it to those who may");
  }
}

void check_proxies(const config::Server& config, Report& report) {
  const std::string key = "server.trusted_proxies";
  if (config.tls != config::Tls::proxy && !config.proxy_protocol) {
    return;
  }
  if (std::ranges::any_of(config.trusted_proxies, is_everybody)) {
    report.error(key, "takes everybody for a proxy: any client can claim any address, and to have come over TLS",
                 "name the addresses that the proxy connects from, and no others");
    return;
  }
  const auto address = net::parse_address(config.listen_addr);
  const http::TrustedProxies proxies = httpserver::trusted_proxies(config);
  if (!address || address->is_unix()) {
    return;
  }
  const bool trusts_loopback =
      proxies.contains(http::Peer{.address = "127.0.0.1"}) || proxies.contains(http::Peer{.address = "::1"});
  if (address->is_loopback() && !trusts_loopback) {
    report.error(key,
                 "names no address on this machine, but server.listen_addr (" + config.listen_addr +
                     ") is reached from this machine alone",
                 "add 127.0.0.1, or ::1, where the proxy runs here");
  }
  const bool trusts_only_loopback = std::ranges::all_of(config.trusted_proxies, [](const std::string& block) {
    return block.starts_with("127.") || block == "::1" || block == "::1/128";
  });
  if (config.tls == config::Tls::proxy && !address->is_loopback() && trusts_only_loopback) {
    report.warning("server.listen_addr", "is open to other machines in plain text, but the proxy is on this one",
                   "listen at 127.0.0.1:" + std::to_string(address->port) + " or at a Unix socket");
  }
}

}  // namespace mcdsl::doctor::internal
