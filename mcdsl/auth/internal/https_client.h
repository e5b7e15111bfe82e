#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/auth/internal/deadline.h"
#include "mcdsl/auth/internal/resolver.h"
#include "mcdsl/auth/internal/server_url.h"
#include "mcdsl/auth/internal/tls_connection.h"
#include "mcdsl/base/log.h"
#include "mcdsl/base/result.h"
#include "mcdsl/base/secret.h"

namespace mcdsl::auth::internal {

/// Views must outlive the call only. Texts that came from outside must be checked before they become a header.
struct HttpsRequest {
  std::string_view method;  ///< "GET" or "POST"
  std::string_view path;    ///< added to the client's URL
  std::string_view authorization = {};
  std::string_view content_type = {};
  std::string_view body = {};
};

struct HttpsResponse {
  long status = 0;
  Secret body;            ///< may be a session
  std::string date = {};  ///< of its Date field
};

/// Talks to one HTTPS service over a bounded number of connections that are kept open: TLS 1.3 or later, no redirects,
/// no proxy, answers of 64 KiB at most.
/// Threads: `send` is safe from any thread and blocks.
class HttpsClient {
 public:
  struct Settings {
    std::string url_setting;  ///< what an operator knows the URL by: "mcias.server_url"
    std::string url;
    std::filesystem::path ca_cert;  ///< PEM; the only trust when set, otherwise the system's
    std::chrono::nanoseconds timeout;
    std::size_t max_connections;
    log::Logger logger;
    /// A connection that was idle for longer is not used again: what lies between may have forgotten it.
    std::chrono::nanoseconds max_idle = std::chrono::seconds(90);
  };

  /// Throws Exception (invalid_argument) for a URL that is not plain https, or a CA file without a certificate.
  explicit HttpsClient(Settings settings);
  ~HttpsClient();
  HttpsClient(const HttpsClient&) = delete;
  HttpsClient& operator=(const HttpsClient&) = delete;

  /// Until when a call that begins now may take, for who waits no longer than `patience`.
  [[nodiscard]] Deadline deadline(std::chrono::nanoseconds patience = std::chrono::nanoseconds::max()) const {
    return std::chrono::steady_clock::now() + std::min(patience, settings_.timeout);
  }

  /// Any answer below 500. Errors: unavailable, with the cause: no free connection in time, DNS, connecting, TLS (which
  /// check failed and what the certificate says), timeout, too long an answer, a 5xx status.
  [[nodiscard]] Result<HttpsResponse> send(const HttpsRequest& request, Deadline deadline);

  /// The error for an answer that the protocol does not know. `why` must not quote the answer: it may hold a token.
  [[nodiscard]] Error unexpected(const HttpsRequest& request, const std::string& why) const;

 private:
  class Lease;
  struct Kept {
    std::unique_ptr<TlsConnection> connection;
    Deadline usable_until;
  };

  [[nodiscard]] bool enter(Deadline deadline, std::unique_ptr<TlsConnection>& kept);
  void leave(std::unique_ptr<TlsConnection> connection) noexcept;
  [[nodiscard]] std::string describe(const HttpsRequest& request) const;
  [[nodiscard]] Result<HttpsResponse> exchange(const HttpsRequest& request, Deadline deadline);
  [[nodiscard]] Result<HttpsResponse> exchange_on_new_connection(std::string_view request, Lease& lease,
                                                                 Deadline deadline);
  void note_reachable(const Result<HttpsResponse>& response);

  Settings settings_;
  ServerUrl server_;
  TlsClientContext context_;
  Resolver resolver_;
  std::mutex mutex_;
  std::condition_variable left_;
  std::vector<Kept> kept_;  // the one used last is the last
  std::size_t calls_ = 0;   // under way
  std::atomic<bool> reachable_ = true;
};

}  // namespace mcdsl::auth::internal
