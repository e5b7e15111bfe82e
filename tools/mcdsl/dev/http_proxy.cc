#include <array>
#include <cerrno>
#include <chrono>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <sys/socket.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/http/application.h"
#include "mcdsl/net/certificate.h"
#include "mcdsl/net/server.h"
#include "tools/mcdsl/dev/answer_reader.h"
#include "tools/mcdsl/dev/backend.h"
#include "tools/mcdsl/dev/proxy.h"

namespace mcdsl::tool {
namespace {

constexpr std::size_t kPiece = 16384;

// Of one connection only (RFC 9110 §7.6.1), or what only a proxy may say.
bool is_hop_by_hop(const http::Headers& headers, std::string_view name) {
  return name == "connection" || name == "keep-alive" || name == "te" || name == "trailer" || name == "upgrade" ||
         name == "transfer-encoding" || name.starts_with("proxy-") || headers.has_element("connection", name);
}

bool is_of_a_proxy(std::string_view name) {
  return name.starts_with("x-forwarded-") || name == "forwarded" || name == "x-real-ip";
}

// A connection to the service, for one request.
class Exchange {
 public:
  explicit Exchange(UniqueFd socket) : socket_(std::move(socket)) {}

  [[nodiscard]] bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EINTR) {
        return false;
      }
      bytes.remove_prefix(sent < 0 ? 0 : static_cast<std::size_t>(sent));
    }
    return true;
  }

  [[nodiscard]] Result<std::size_t> receive(std::span<char> into) const {
    for (;;) {
      const auto got = ::recv(socket_.get(), into.data(), into.size(), 0);
      if (got >= 0) {
        return static_cast<std::size_t>(got);
      }
      if (errno != EINTR) {
        return fail(Code::unavailable, "the service behind the proxy: " + errno_text(errno));
      }
    }
  }

 private:
  UniqueFd socket_;
};

std::string head_of(const http::Request& request, bool is_chunked) {
  std::string head = fmt::format("{} {}", name(request.method()), request.path());
  if (!request.query().empty()) {
    head.append("?").append(request.query());
  }
  head += " HTTP/1.1\r\n";
  for (const auto& [name, value] : request.headers()) {
    if (!is_hop_by_hop(request.headers(), name) && !is_of_a_proxy(name)) {
      head.append(name).append(": ").append(value).append("\r\n");
    }
  }
  const std::string& client = request.peer().address;
  head += fmt::format("x-forwarded-for: {0}\r\nx-real-ip: {0}\r\nx-forwarded-proto: https\r\nx-forwarded-host: {1}\r\n",
                      client, request.header("host").value_or("localhost"));
  head += is_chunked ? "transfer-encoding: chunked\r\n" : "";
  return head + "connection: close\r\n\r\n";
}

// Sends the request, its body as it comes. The service may answer, and close, before it has all of it: that is no
// error here, its answer says what is wrong.
Result<void> send_request(http::Request& request, const Exchange& exchange) {
  std::array<char, kPiece> piece{};
  auto got = request.read_body(piece);
  const bool is_chunked = got && *got > 0 && !request.header("content-length");
  bool is_open = exchange.send(head_of(request, is_chunked));
  for (; got && *got > 0; got = request.read_body(piece)) {
    const std::string_view bytes(piece.data(), *got);
    is_open = is_open && exchange.send(is_chunked ? fmt::format("{:x}\r\n{}\r\n", *got, bytes) : std::string(bytes));
  }
  if (!got) {
    return std::unexpected(got.error());
  }
  if (is_chunked && is_open) {
    (void)exchange.send("0\r\n\r\n");
  }
  return {};
}

http::Response bad_gateway(std::string_view why) {
  return http::error(502, why);
}

// Passes requests on, one connection each.
class Relay final : public http::Application {
 public:
  explicit Relay(std::uint16_t backend) : backend_(backend) {}

  http::BodyPlan plan(http::Request& /*request*/) const override {
    return {.max_bytes = std::numeric_limits<std::size_t>::max(), .streams = true, .timeout = std::chrono::seconds(0)};
  }

  http::Response serve(http::Request& request) const override {
    if (request.refusal()) {
      return http::error(request.refusal()->status, request.refusal()->text);
    }
    UniqueFd socket = connect_to_loopback(backend_);
    if (!socket) {
      return bad_gateway("nothing listens behind the proxy: is the service being built?");
    }
    const auto exchange = std::make_shared<const Exchange>(std::move(socket));
    if (const auto sent = send_request(request, *exchange); !sent) {
      return http::error(sent.error());
    }
    const bool is_head = request.method() == http::Method::head;
    const auto reader =
        std::make_shared<AnswerReader>([exchange](std::span<char> into) { return exchange->receive(into); }, is_head);
    auto head = reader->read_head();
    if (!head) {
      return bad_gateway(head.error().message());
    }
    http::Response response;
    response.status = head->status;
    for (const auto& [name, value] : head->headers) {
      if (!is_hop_by_hop(head->headers, name) && name != "content-length" && name != "date") {
        response.headers.add(name, value);
      }
    }
    if (head->status == 204 || head->status == 304) {
      return response;
    }
    response.stream = http::StreamBody{.produce = [reader](http::BodyWriter& writer) { return relay(*reader, writer); },
                                       .length = head->length};
    return response;
  }

 private:
  static Result<void> relay(AnswerReader& reader, http::BodyWriter& writer) {
    std::array<char, kPiece> piece{};
    for (;;) {
      const auto got = reader.read_body(piece);
      if (!got) {
        return std::unexpected(got.error());
      }
      if (*got == 0) {
        return {};
      }
      if (auto written = writer.write({piece.data(), *got}); !written) {
        return written;
      }
    }
  }

  std::uint16_t backend_;
};

class HttpProxy final : public Proxy {
 public:
  explicit HttpProxy(const ProxySettings& settings)
      : relay_(settings.backend),
        certificates_(settings.certificate, settings.key),
        server_(relay_, {.read_timeout = {}, .write_timeout = {}, .shutdown_timeout = {}, .loops = 1}) {
    server_.listen({.host = "127.0.0.1", .port = settings.port}, &certificates_);
    server_.start();
  }

 private:
  Relay relay_;
  net::CertificateStore certificates_;
  net::Server server_;
};

}  // namespace

std::unique_ptr<Proxy> make_http_proxy(const ProxySettings& settings) {
  return std::make_unique<HttpProxy>(settings);
}

}  // namespace mcdsl::tool
