#include "mcdsl/auth/internal/https_client.h"

#include <array>
#include <utility>

#include <openssl/crypto.h>

#include "mcdsl/auth/internal/answer_parser.h"
#include "mcdsl/base/blocking.h"

namespace mcdsl::auth::internal {
namespace {

constexpr std::size_t kMaxAnswerBytes = std::size_t{64} << 10U;  // of headers and body each
constexpr std::size_t kMaxFields = 100;
constexpr std::size_t kReadBytes = 4096;

Secret request_text(const ServerUrl& server, const HttpsRequest& request) {
  std::string text;
  // Room for all of it at once: a growing string would leave copies of a token behind that nobody wipes.
  constexpr std::size_t kFixedTexts = 256;
  text.reserve(kFixedTexts + request.method.size() + server.path.size() + request.path.size() +
               server.authority.size() + request.authorization.size() + request.content_type.size() +
               request.body.size());
  const std::string_view target = server.path.empty() && request.path.empty() ? "/" : "";
  text.append(request.method).append(" ").append(server.path).append(request.path).append(target);
  text.append(" HTTP/1.1\r\nHost: ").append(server.authority);
  text.append("\r\nUser-Agent: mcdsl\r\nAccept: application/json\r\n");
  if (!request.authorization.empty()) {
    text.append("Authorization: ").append(request.authorization).append("\r\n");
  }
  if (!request.content_type.empty()) {
    text.append("Content-Type: ").append(request.content_type).append("\r\n");
  }
  if (request.method == "POST") {  // even an empty body has its length said (RFC 9110 §8.6)
    text.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  text.append("\r\n").append(request.body);
  return Secret(std::move(text));
}

// Feeds the parser until the answer is whole. Errors: aborted where the connection was gone before the first byte.
Result<void> read_answer(TlsConnection& connection, AnswerParser& parser, bool& has_surplus, Deadline deadline) {
  std::array<char, kReadBytes> bytes{};
  Result<void> result;
  while (result && !parser.is_whole()) {
    const auto count = connection.read(bytes, deadline);
    if (!count) {
      const bool is_cut = count.error().code() == Code::aborted && parser.has_begun();
      result = is_cut ? fail(Code::unavailable, count.error().message() + " amid its answer") : fail(count.error());
    } else if (*count == 0) {
      result = parser.end();
      if (!result && !parser.has_begun()) {
        result = fail(Error(result.error()).with_code(Code::aborted));
      }
    } else if (const auto taken = parser.feed({bytes.data(), *count}); !taken) {
      result = fail(taken.error());
    } else {
      has_surplus = *taken < *count;
    }
  }
  OPENSSL_cleanse(bytes.data(), bytes.size());  // may hold a session
  return result;
}

// Sends a request and reads its answer. Only a connection that is good for another exchange is left in its place.
// Errors: aborted where it was gone before the first byte of an answer.
Result<HttpsResponse> exchange_on(std::unique_ptr<TlsConnection>& connection, std::string_view request,
                                  Deadline deadline) {
  auto used = std::move(connection);
  if (auto sent = used->write(request, deadline); !sent) {
    return fail(sent.error());
  }
  AnswerParser parser({.head_bytes = kMaxAnswerBytes, .fields = kMaxFields, .body_bytes = kMaxAnswerBytes});
  bool has_surplus = false;
  if (auto read = read_answer(*used, parser, has_surplus, deadline); !read) {
    return fail(read.error());
  }
  if (parser.keeps_connection() && !has_surplus) {
    connection = std::move(used);
  }
  return HttpsResponse{.status = parser.status(), .body = parser.take_body(), .date = parser.date()};
}

}  // namespace

/// The right to one call, with a connection that was kept where there is one. What connection it holds at its end is
/// kept for the next.
class HttpsClient::Lease {
 public:
  Lease(HttpsClient& client, Deadline deadline) : client_(client), has_entered_(client.enter(deadline, connection_)) {}
  ~Lease() {
    if (has_entered_) {
      client_.leave(std::move(connection_));
    }
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  [[nodiscard]] explicit operator bool() const noexcept { return has_entered_; }
  [[nodiscard]] std::unique_ptr<TlsConnection>& connection() noexcept { return connection_; }

 private:
  HttpsClient& client_;
  std::unique_ptr<TlsConnection> connection_;
  const bool has_entered_;  // last: entering fills in the connection
};

HttpsClient::HttpsClient(Settings settings)
    : settings_(std::move(settings)),
      server_(parse_server_url(settings_.url_setting, settings_.url)),
      context_(settings_.ca_cert),
      resolver_(server_.host, server_.port) {
  kept_.reserve(settings_.max_connections);
}

HttpsClient::~HttpsClient() = default;

Result<HttpsResponse> HttpsClient::send(const HttpsRequest& request, Deadline deadline) {
  auto response = exchange(request, deadline);
  if (!response) {
    response = fail(response.error().wrap(describe(request)));
  } else if (response->status >= 500) {
    response = fail(unexpected(request, "status " + std::to_string(response->status)));
  }
  note_reachable(response);
  return response;
}

Error HttpsClient::unexpected(const HttpsRequest& request, const std::string& why) const {
  return Error(Code::unavailable, why).wrap(describe(request));
}

std::string HttpsClient::describe(const HttpsRequest& request) const {
  return std::string(request.method) + " " + server_.text + std::string(request.path);
}

Result<HttpsResponse> HttpsClient::exchange(const HttpsRequest& request, Deadline deadline) {
  about_to_block();
  Lease lease(*this, deadline);
  if (!lease) {
    return fail(Code::unavailable,
                "timeout: all " + std::to_string(settings_.max_connections) + " connections are busy");
  }
  const Secret text = request_text(server_, request);
  if (lease.connection() != nullptr && lease.connection()->is_idle()) {
    auto response = exchange_on(lease.connection(), text.reveal(), deadline);
    // A server may close an idle connection while a request is on its way to it (RFC 9112 §9.3.1). Nothing of an answer
    // has come then: most likely the request was not seen.
    if (response || response.error().code() != Code::aborted) {
      return response;
    }
  }
  return exchange_on_new_connection(text.reveal(), lease, deadline);
}

Result<HttpsResponse> HttpsClient::exchange_on_new_connection(std::string_view request, Lease& lease,
                                                              Deadline deadline) {
  lease.connection().reset();
  const auto addresses = resolver_.resolve(deadline);
  if (!addresses) {
    return fail(addresses.error());
  }
  auto opened = TlsConnection::open(context_, server_, *addresses, deadline);
  if (!opened) {
    return fail(opened.error());
  }
  lease.connection() = *std::move(opened);
  auto response = exchange_on(lease.connection(), request, deadline);
  if (!response && response.error().code() == Code::aborted) {
    response = fail(Error(response.error()).with_code(Code::unavailable));
  }
  return response;
}

bool HttpsClient::enter(Deadline deadline, std::unique_ptr<TlsConnection>& kept) {
  std::unique_lock lock(mutex_);
  if (!left_.wait_until(lock, deadline, [this] { return calls_ < settings_.max_connections; })) {
    return false;
  }
  ++calls_;
  std::erase_if(kept_,
                [now = std::chrono::steady_clock::now()](const Kept& entry) { return entry.usable_until <= now; });
  if (!kept_.empty()) {  // the one used last is the likeliest to be alive
    kept = std::move(kept_.back().connection);
    kept_.pop_back();
  }
  return true;
}

void HttpsClient::leave(std::unique_ptr<TlsConnection> connection) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    --calls_;
    if (connection != nullptr) {  // room is reserved: as many are kept as calls have been at once
      kept_.push_back({std::move(connection), std::chrono::steady_clock::now() + settings_.max_idle});
    }
  }
  left_.notify_one();
}

// Said once when it changes, not once a request: an outage must not flood the log.
void HttpsClient::note_reachable(const Result<HttpsResponse>& response) {
  if (reachable_.exchange(response.has_value()) == response.has_value()) {
    return;
  }
  if (response) {
    settings_.logger.info("the identity service answers again", {{"url", server_.text}});
  } else {
    settings_.logger.warn("the identity service does not answer", {{"error", response.error().to_string()}});
  }
}

}  // namespace mcdsl::auth::internal
