#include "mcdsl/config/standard.h"

#include "mcdsl/config/binder.h"
#include "mcdsl/config/internal/address.h"

namespace mcdsl::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::int64_t kMib = 1 << 20;

/// What goes over the network without TLS has to stay on this machine, or come from a proxy that is known.
void refuse_plain(const Refuse& refuse, Tls tls, std::string_view key, const std::string& address) {
  if (tls == Tls::off && !address.empty() && !internal::is_local(address)) {
    refuse(key,
           "\"" + address +
               "\" is reachable from other machines and server.tls is \"off\": use server.tls = \"on\", or \"proxy\" "
               "behind a proxy that ends TLS, or a loopback address or Unix socket");
  }
}

void check_tls(const Server& server, const Refuse& refuse) {
  const auto demand_for_tls = [&](std::string_view key, const std::filesystem::path& file) {
    if (server.tls == Tls::on && file.empty()) {
      refuse(key, "is required while server.tls is \"on\"");
    }
  };
  demand_for_tls("tls_cert", server.tls_cert);
  demand_for_tls("tls_key", server.tls_key);
  if (server.tls == Tls::proxy && server.trusted_proxies.empty()) {
    refuse("trusted_proxies", "is required while server.tls is \"proxy\": the addresses the proxy connects from");
  }
  if (server.proxy_protocol && server.tls != Tls::proxy && server.trusted_proxies.empty()) {
    refuse("trusted_proxies", "is required while server.proxy_protocol is true: the addresses the proxy connects from");
  }
  refuse_plain(refuse, server.tls, "listen_addr", server.listen_addr);
  for (const std::string& address : server.also_listen) {
    if (const auto problem = internal::problem_with_listen_address(address)) {
      refuse("also_listen", "\"" + address + "\" " + *problem);
    } else {
      refuse_plain(refuse, server.tls, "also_listen", address);
    }
  }
  refuse_plain(refuse, server.tls, "grpc_addr", server.grpc_addr);
  refuse_plain(refuse, server.tls, "admin_addr", server.admin_addr);
}

void bind_timeouts(Server& server, Binder& b) {
  constexpr auto kShortest = milliseconds(1);
  b.field("read_timeout", server.read_timeout,
          {.doc = "The longest wait for more of a request's body.", .min = kShortest});
  b.field("write_timeout", server.write_timeout,
          {.doc = "The longest wait for a client to take more of an answer.", .min = kShortest});
  b.field("idle_timeout", server.idle_timeout,
          {.doc = "How long a connection may stay open between requests.", .min = kShortest});
  b.field("shutdown_timeout", server.shutdown_timeout,
          {.doc = "How long requests in flight may take to finish when the service stops."});
  b.field(
      "drain_delay", server.drain_delay,
      {.doc =
           "How long the service reports itself as not ready before it stops to listen, so that load balancers see it.",
       .max = hours(1)});
  b.field("header_timeout", server.header_timeout,
          {.doc = "The longest wait for the whole of a request's header.", .min = kShortest});
  b.field("handler_timeout", server.handler_timeout,
          {.doc = "How long a request may take as a whole; 0s for no limit. Streams and downloads count."});
  b.field("rpc_timeout", server.rpc_timeout,
          {.doc = "How long an RPC may take that brings no deadline and does not stream; 0s for no limit."});
}

void bind_limits(Server& server, Binder& b) {
  b.field("max_header_bytes", server.max_header_bytes,
          {.doc = "The largest header of a request.", .min = 1024, .max = kMib});
  b.field("max_header_fields", server.max_header_fields,
          {.doc = "The most fields in the header of a request.", .min = 16, .max = 10'000});
  b.field("max_body_bytes", server.max_body_bytes,
          {.doc = "The largest body of a request, where a route does not have its own limit.", .min = 0});
  b.field("max_message_bytes", server.max_message_bytes,
          {.doc = "The largest message of an RPC, as it is sent and unpacked.", .min = 1024, .max = 1024 * kMib});
  b.field("max_streams", server.max_streams,
          {.doc = "Requests at a time on a connection of HTTP/2; a client that begins more is refused them.",
           .min = 1,
           .max = 10'000});
  b.field("max_connections", server.max_connections,
          {.doc = "Connections open at once; further ones are closed.", .min = 1, .max = 10'000'000});
  b.field("max_handler_threads", server.max_handler_threads,
          {.doc = "Handlers that may block at once; further requests are answered with 503.", .min = 1, .max = 10'000});
  b.field("loops", server.loops, {.doc = "Event loops; 0 for one per core.", .min = 0, .max = 1024});
}

}  // namespace

void Server::bind(Binder& b) {
  b.listen_address(
      "listen_addr", listen_addr,
      {.doc = "Where REST, the web pages and gRPC are served. $PORT replaces the port.", .port_variable = "PORT"});
  b.require("listen_addr");
  b.field(
      "also_listen", also_listen,
      {.doc = "Further addresses where the same is served. TLS as at listen_addr, but a Unix socket here is plain."});
  b.listen_address(
      "grpc_addr", grpc_addr,
      {.doc = "A further listener for the same, by convention for gRPC; empty for none. $PORT_GRPC replaces the port.",
       .port_variable = "PORT_GRPC",
       .host_like = "listen_addr"});
  b.listen_address("admin_addr", admin_addr,
                   {.doc = "A further listener for metrics and health; empty for none. $PORT_ADMIN replaces the port.",
                    .port_variable = "PORT_ADMIN"});
  b.choice("tls", tls, {{"on", Tls::on}, {"off", Tls::off}, {"proxy", Tls::proxy}},
           {.doc = "on: TLS 1.3 with tls_cert and tls_key. off: plain, on loopback or a Unix socket only. "
                   "proxy: plain, behind a proxy that ends TLS and whose addresses are in trusted_proxies."});
  b.field(
      "tls_cert", tls_cert,
      {.doc =
           "The certificate in PEM, followed by its intermediates. Required while tls is on; reread when it changes."});
  b.field("tls_key", tls_key, {.doc = "The certificate's private key in PEM. Required while tls is on."});
  b.field("public_names", public_names,
          {.doc = "Host names and IP addresses that clients use; a certificate that does not name them is reported."});
  bind_timeouts(*this, b);
  bind_limits(*this, b);
  b.field("trusted_proxies", trusted_proxies,
          {.doc = "Peers whose X-Forwarded-For, X-Forwarded-Proto, X-Real-IP and PROXY protocol headers are believed. "
                  "Required while tls is proxy.",
           .format = Format::cidr});
  b.field("proxy_protocol", proxy_protocol,
          {.doc = "The trusted proxies put a PROXY header (version 1 or 2) before each connection, TLS or not. One of "
                  "theirs without it is closed; others are served as who they are."});
  b.field("cors_origins", cors_origins,
          {.doc = "Origins of other sites whose scripts may read answers and call RPCs, with a bearer token: "
                  "\"https://app.example.org\"; \"*\" alone is every site. Cookies are never taken from them."});
  b.field("grpc_reflection", grpc_reflection,
          {.doc = "Show authenticated callers the schema of the RPCs, for tools such as grpcurl."});
  b.check([this](const Refuse& refuse) { check_tls(*this, refuse); });
}

void Database::bind(Binder& b) {
  b.field("path", path, {.doc = "The SQLite database."});
  b.choice("synchronous", synchronous, {{"normal", Synchronous::normal}, {"full", Synchronous::full}},
           {.doc = "normal: a power cut may lose the last commits, never the database. full: a commit is on the disk "
                   "when it returns."});
  b.field("busy_timeout", busy_timeout, {.doc = "How long a lock that another process holds is waited for."});
  b.field("readers", readers, {.doc = "Connections that read.", .min = 1, .max = 1024});
  b.field("cache_kib", cache_kib, {.doc = "The page cache of each connection, in KiB.", .min = 64, .max = 16 * kMib});
  b.field("mmap_bytes", mmap_bytes,
          {.doc = "How much of the database is mapped into memory; 0 for nothing.", .min = 0});
  b.field("queue", queue,
          {.doc = "Write jobs that may wait; past it a write fails with resource_exhausted.", .min = 1, .max = kMib});
  b.field("slow_job", slow_job,
          {.doc = "A read or write that takes longer is logged with its place in the program; 0s for none.",
           .min = milliseconds(0)});
  b.field("backup_dir", backup_dir, {.doc = "Where snapshots go; empty for \"backups\" beside the database."});
}

void Mcias::bind(Binder& b) {
  b.field("server_url", server_url, {.doc = "The identity service.", .format = Format::url});
  b.field("ca_cert", ca_cert,
          {.doc = "The authority that its certificate is checked against, in PEM; empty for the system's."});
  b.field("service_name", service_name, {.doc = "The name of this service, sent with every login."});
  b.field("tags", tags, {.doc = "The tags of this service, sent with every login."});
  b.field("timeout", timeout, {.doc = "How long one call may take.", .min = milliseconds(1)});
  b.field("cache_entries", cache_entries,
          {.doc = "Tokens whose answer is remembered for up to 30 s.", .min = 1, .max = 100'000'000});
  b.check([this](const Refuse& refuse) {
    if (internal::is_plain_remote_url(server_url)) {
      refuse("server_url", "would send passwords over the network in plain text: use https");
    }
  });
}

void Web::bind(Binder& b) {
  constexpr auto kShortest = std::chrono::minutes(1);
  b.listen_address("listen_addr", listen_addr,
                   {.doc = "One more listener, by convention for the web pages; empty for none. TLS as at "
                           "server.listen_addr. $PORT_WEB replaces the port.",
                    .port_variable = "PORT_WEB"});
  b.field("public_url", public_url,
          {.doc = "Where browsers reach the pages, such as https://notes.example.org: what forms may come from and "
                  "what single sign-on returns to. Required where the service has pages.",
           .format = Format::url});
  b.field("session_idle_timeout", session_idle_timeout,
          {.doc = "How long a person stays logged in without doing anything.", .min = kShortest});
  b.field("session_lifetime", session_lifetime,
          {.doc = "How long a person stays logged in at most; never longer than the identity service's token is good.",
           .min = kShortest});
  b.field("key_file", key_file,
          {.doc = "The keys of session cookies and form tokens, made on first use; replicas share it. Empty for "
                  "\"web.keys\" beside the database."});
  b.field(
      "templates_dir", templates_dir,
      {.doc = "For development: a folder whose templates take the place of those in the program, read again at each "
              "request. Empty for none."});
  b.field("vault_grpc", vault_grpc,
          {.doc = "The gRPC address of the service behind the pages.", .format = Format::host_port});
  b.field("vault_ca_cert", vault_ca_cert, {.doc = "The authority that its certificate is checked against, in PEM."});
  b.check([this](const Refuse& refuse) {
    if (session_idle_timeout > session_lifetime) {
      refuse("session_idle_timeout", "is longer than web.session_lifetime, which ends every session before");
    }
  });
}

void Sso::bind(Binder& b) {
  b.field("redirect_uri", redirect_uri,
          {.doc = "Where the identity service sends the browser back to, exactly as registered there: web.public_url "
                  "and /sso/callback. Empty for no SSO: people log in with user name and password then.",
           .format = Format::url});
  b.field("client_id", client_id,
          {.doc = "The name that this service is registered by for single sign-on; empty for mcias.service_name."});
}

void Backup::bind(Binder& b) {
  b.field("max_age", max_age,
          {.doc = "The service counts as unhealthy when its newest verified archive is older, or there is none; 0s for "
                  "no such check. \"30h\" suits archives that are made each night.",
           .min = std::chrono::seconds(0)});
}

void Log::bind(Binder& b) {
  using log::Level;
  b.choice("level", level,
           {{"debug", Level::debug}, {"info", Level::info}, {"warn", Level::warn}, {"error", Level::error}},
           {.doc = "The least important lines that are written."});
  b.choice("format", format, {{"logfmt", log::Format::logfmt}, {"json", log::Format::json}},
           {.doc = "logfmt: key=value. json: one object a line."});
}

void Standard::bind(Binder& b) {
  b.section("server", server, "Listeners, TLS, time-outs and limits.");
  b.section("database", database, "The SQLite database.");
  b.section("mcias", mcias, "The identity service.");
  b.section("web", web, "The web pages.");
  b.section("sso", sso, "Single sign-on.");
  b.section("backup", backup, "Archives of the service's folder.");
  b.section("log", log, "The log, which goes to standard error.");
  b.check([this](const Refuse& refuse) { refuse_plain(refuse, server.tls, "web.listen_addr", web.listen_addr); });
}

}  // namespace mcdsl::config
