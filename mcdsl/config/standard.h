#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "mcdsl/base/log.h"

/// The sections that every service of the platform shares. They are plain structs with their defaults in them, so a
/// test or a program without a configuration file writes `config::Database{.path = "notes.db"}` and is done. A field's
/// name is its TOML key and the end of its environment variable.
namespace mcdsl::config {

class Binder;

/// How a service is reached.
enum class Tls : std::uint8_t {
  on,     ///< TLS 1.3 with the service's own certificate
  off,    ///< plain; only on a loopback address or a Unix socket
  proxy,  ///< plain, behind a proxy that ends TLS; `trusted_proxies` says which peers are it
};

/// `[server]`. An address is "host:port", "[2001:db8::1]:port", ":port" (every interface) or "unix:/path".
struct Server {
  std::string listen_addr = "127.0.0.1:8443";  ///< $PORT replaces its port
  std::vector<std::string> also_listen = {};   ///< further addresses; Unix sockets among them are plain
  std::string grpc_addr = {};                  ///< empty: no listener of its own; $PORT_GRPC replaces its port
  std::string admin_addr = {};                 ///< metrics and health; empty: none; $PORT_ADMIN replaces its port
  Tls tls = Tls::on;
  std::filesystem::path tls_cert = {};         ///< PEM, the leaf first and then its intermediates
  std::filesystem::path tls_key = {};          ///< PEM
  std::vector<std::string> public_names = {};  ///< what the certificate has to name
  std::chrono::nanoseconds read_timeout = std::chrono::seconds(30);
  std::chrono::nanoseconds write_timeout = std::chrono::seconds(30);
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(120);
  std::chrono::nanoseconds shutdown_timeout = std::chrono::seconds(60);
  std::chrono::nanoseconds drain_delay = std::chrono::seconds(0);
  std::chrono::nanoseconds header_timeout = std::chrono::seconds(10);
  std::chrono::nanoseconds handler_timeout = std::chrono::seconds(0);  ///< 0: none
  std::chrono::nanoseconds rpc_timeout = std::chrono::seconds(30);     ///< of calls without a deadline; 0: none
  std::int64_t max_header_bytes = 16 << 10;
  std::int64_t max_header_fields = 100;
  std::int64_t max_body_bytes = 1 << 20;
  std::int64_t max_message_bytes = 4 << 20;  ///< of an RPC's message
  std::int64_t max_streams = 128;            ///< requests at a time on a connection of HTTP/2
  std::int64_t max_connections = 10'000;
  std::int64_t max_handler_threads = 128;
  std::int64_t loops = 0;                         ///< event loops; 0: one per core
  std::vector<std::string> trusted_proxies = {};  ///< addresses or CIDR blocks: "10.0.0.0/8", "::1"
  bool proxy_protocol = false;                    ///< each connection of theirs begins with a PROXY header
  std::vector<std::string> cors_origins = {};     ///< whose scripts may read answers: "https://app.example.org", or "*"
  bool grpc_reflection = false;                   ///< shows tools the schema of the RPCs

  void bind(Binder& b);
};

/// What a commit waits for (SQLite's `synchronous`).
enum class Synchronous : std::uint8_t {
  normal,  ///< a power cut may lose the last commits, never the database
  full,    ///< a commit is on the disk when it returns
};

/// `[database]`.
struct Database {
  std::filesystem::path path = {};
  Synchronous synchronous = Synchronous::normal;
  std::chrono::nanoseconds busy_timeout = std::chrono::seconds(5);  ///< for a lock that another process holds
  std::int64_t readers = 4;                                         ///< connections that read
  std::int64_t cache_kib = 8192;                                    ///< page cache of each connection
  std::int64_t mmap_bytes = 0;                                      ///< 0: no memory mapping
  std::int64_t queue = 1024;  ///< write jobs that may wait; past it resource_exhausted
  std::chrono::nanoseconds slow_job = std::chrono::seconds(1);  ///< a job that takes longer is logged; 0: none
  std::filesystem::path backup_dir = {};                        ///< empty: "backups" beside the database

  void bind(Binder& b);
};

/// `[mcias]`: the identity service.
struct Mcias {
  std::string server_url = {};  ///< "https://mcias.example.org:8443"
  std::filesystem::path ca_cert = {};
  std::string service_name = {};
  std::vector<std::string> tags = {};
  std::chrono::nanoseconds timeout = std::chrono::seconds(5);  ///< of one call
  std::int64_t cache_entries = 10'000;

  void bind(Binder& b);
};

/// `[web]`: the pages that a person logs in to.
struct Web {
  std::string listen_addr = {};  ///< one more listener; empty: none; $PORT_WEB replaces its port
  std::string public_url = {};   ///< "https://notes.example.org": what a browser has in its address bar
  std::chrono::nanoseconds session_idle_timeout = std::chrono::hours(1);  ///< without a request
  std::chrono::nanoseconds session_lifetime = std::chrono::hours(24);     ///< from login on, whatever happens
  std::filesystem::path key_file = {};       ///< of cookies and tokens; empty: "web.keys" beside the database
  std::filesystem::path templates_dir = {};  ///< development only: templates that take the place of embedded ones
  std::string vault_grpc = {};
  std::filesystem::path vault_ca_cert = {};

  void bind(Binder& b);
};

/// `[sso]`.
struct Sso {
  std::string redirect_uri = {};  ///< must equal the one that MCIAS has registered, byte for byte; empty: no SSO
  std::string client_id = {};     ///< as registered there; empty: `mcias.service_name`

  void bind(Binder& b);
};

/// `[backup]`.
struct Backup {
  std::chrono::nanoseconds max_age = std::chrono::seconds(0);  ///< of the newest verified archive; 0: any, or none

  void bind(Binder& b);
};

/// `[log]`.
struct Log {
  log::Level level = log::Level::info;
  log::Format format = log::Format::logfmt;

  void bind(Binder& b);
};

/// All standard sections. A service derives from it and adds its own fields:
///
///     struct Config : config::Standard {
///       std::int64_t max_notes = 1000;
///       void bind(config::Binder& b) {
///         Standard::bind(b);
///         b.field("max_notes", max_notes, {.doc = "Notes an account may keep.", .min = 1, .max = 1'000'000});
///         b.require("mcias.server_url");
///       }
///     };
struct Standard {
  Server server = {};
  Database database = {};
  Mcias mcias = {};
  Web web = {};
  Sso sso = {};
  Backup backup = {};
  Log log = {};

  void bind(Binder& b);
};

}  // namespace mcdsl::config
