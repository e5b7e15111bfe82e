#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "mcdsl/base/error.h"
#include "mcdsl/grpcserver/dispatcher.h"
#include "mcdsl/grpcserver/internal/notes_for_test.h"
#include "mcdsl/metrics/registry.h"
#include "mcdsl/net/internal/http2_client_test.h"
#include "mcdsl/net/server.h"

namespace mcdsl::grpcserver {

inline const std::string kPath = "/mcdsl.test.v1.NotesService/";

/// The service of the tests behind a server in this process, for clients of HTTP/2 without TLS.
class RpcServer {
 public:
  explicit RpcServer(net::ServerOptions server = {}, std::chrono::nanoseconds default_timeout = std::chrono::minutes(1))
      : dispatcher_({&service_}, {.verifier = &tokens_,
                                  .registry = &registry_,
                                  .max_received_bytes = kMost,
                                  .default_timeout = default_timeout}),
        server_(dispatcher_, server) {
    port_ = server_.listen(value_or_throw(net::parse_address("127.0.0.1:0")), nullptr).port;
    server_.start();
  }

  static constexpr std::size_t kMost = std::size_t{1} << 20U;  ///< bytes of a message

  [[nodiscard]] testing::HttpClient connect() const { return {"127.0.0.1", port_}; }
  [[nodiscard]] net::Server& server() { return server_; }
  [[nodiscard]] const NotesForTest& service() const { return service_; }
  [[nodiscard]] bool is_idle() const { return registry_.expose().contains("rpc_calls_in_flight 0\n"); }
  /// Of a call that has ended, by method and code.
  [[nodiscard]] bool has_counted(std::string_view method, std::string_view code) const {
    return registry_.expose().contains("rpc_calls_total{code=\"" + std::string(code) +
                                       "\",method=\"mcdsl.test.v1.NotesService/" + std::string(method) + "\"}");
  }

 private:
  NotesForTest service_;
  const TokensForTest tokens_;
  metrics::Registry registry_;
  const Dispatcher dispatcher_;
  net::Server server_;
  std::uint16_t port_ = 0;
};

/// The fields of a gRPC call by a user.
inline net::Http2Client::Fields grpc_fields(net::Http2Client::Fields more = {}) {
  more.insert(more.end(), {{"content-type", "application/grpc"}, {"te", "trailers"}, {"authorization", "Bearer user"}});
  return more;
}

/// The status that a gRPC call ended in; -1 for none, -2 for an answer that is not whole.
inline int status_of(const net::Http2Client::Answer& answer) {
  if (!answer.closed || answer.status != 200) {
    return -2;
  }
  const auto status = answer.trailers.get("grpc-status");
  return std::stoi(std::string(status ? *status : answer.headers.get("grpc-status").value_or("-1")));
}

/// A line of this process's status: "VmRSS", "VmHWM" in KiB, "Threads".
inline std::size_t process_figure(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name) && line.substr(name.size()).starts_with(":")) {
      return std::stoul(line.substr(name.size() + 1));
    }
  }
  throw Exception(Code::internal, "there is no such figure");
}

/// Whether the sanitizers' allocators make figures of memory say nothing.
#if defined(__has_feature)
inline constexpr bool kIsSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool kIsSanitized = false;
#endif

}  // namespace mcdsl::grpcserver
