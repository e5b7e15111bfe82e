#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/http/response.h"

namespace mcdsl::testing {

/// How a connection speaks TLS.
struct TlsOptions {
  std::string trusted{};                      ///< PEM: what the server's certificate must lead to
  std::string name = "localhost";             ///< what the certificate must name; sent as SNI too
  std::vector<std::string> alpn{"http/1.1"};  ///< protocols to offer; none where empty
  bool at_most_tls_1_2 = false;               ///< for servers that must refuse it
  std::string before{};                       ///< sent before the handshake, such as a PROXY header
};

/// One connection to a server under test: sends any bytes, right or wrong, and reads whole HTTP/1.1 answers. Blocking;
/// every wait ends after a minute, as if the peer had closed. Never raises SIGPIPE.
///
///     testing::HttpClient client("127.0.0.1", server_port, testing::TlsOptions{.trusted = ca.certificate()});
///     client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
///     EXPECT_EQ(client.receive()->status, 200);
///
/// Threads: one at a time. Errors: the constructors throw Exception (unavailable) where there is no connection or the
/// handshake fails, with the reason.
class HttpClient {
 public:
  /// Plain HTTP to a numeric IPv4 or IPv6 address.
  HttpClient(const std::string& address, std::uint16_t port);
  HttpClient(const std::string& address, std::uint16_t port, const TlsOptions& tls);
  /// Plain HTTP over a Unix socket.
  explicit HttpClient(const std::string& unix_path);
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  /// False where the connection is gone.
  bool send(std::string_view bytes);

  /// The same past TLS, straight to the socket: half a record, or one that is none.
  bool send_below_tls(std::string_view bytes);

  /// The next final answer with its body, interim ones (1xx) skipped; `to_head` for one to a HEAD request. nullopt
  /// where the peer closed before it was whole, or what came is no answer.
  [[nodiscard]] std::optional<http::Response> receive(bool to_head = false);

  /// `send` and `receive`; nullopt where either fails.
  [[nodiscard]] std::optional<http::Response> exchange(std::string_view bytes);

  /// At least `count` bytes as they come, fewer where the peer closes before.
  [[nodiscard]] std::string receive_bytes(std::size_t count);

  /// Waits for the peer to close or reset the connection. What came before that and was not yet received.
  [[nodiscard]] std::string receive_until_closed();

  /// Ends our side of the connection and leaves the other open.
  void end_output();

  /// Has `close` reset the connection, as a peer that vanishes does.
  void reset_on_close();

  /// Ends the connection at once; the object is good for nothing then.
  void close();

  /// What the server chose of `alpn`; empty where nothing.
  [[nodiscard]] std::string alpn() const;

 private:
  struct Connection;
  [[nodiscard]] bool receive_more();
  [[nodiscard]] bool receive_chunks(std::string& body);

  std::unique_ptr<Connection> connection_;
  std::string received_;
};

}  // namespace mcdsl::testing
