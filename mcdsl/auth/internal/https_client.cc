#include "mcdsl/auth/internal/https_client.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <curl/curl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "mcdsl/auth/internal/certificate_check.h"
#include "mcdsl/base/blocking.h"
#include "mcdsl/base/bytes.h"
#include "mcdsl/base/file.h"
#include "mcdsl/base/sigpipe_guard.h"

namespace mcdsl::auth::internal {
namespace {

constexpr std::size_t kMaxAnswerBytes = std::size_t{64} << 10U;  // of headers and body each

struct FreeHandle {
  void operator()(CURL* handle) const noexcept {
    const SigpipeGuard guard;  // closing says good-bye on a connection that may be gone
    curl_easy_cleanup(handle);
  }
};
struct FreeUrl {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};

/// The headers of a request. One of them may be a token, so the texts are overwritten at the end.
class HeaderList {
 public:
  HeaderList() = default;
  ~HeaderList() {
    for (curl_slist* item = first_; item != nullptr; item = item->next) {
      explicit_bzero(item->data, std::strlen(item->data));
    }
    curl_slist_free_all(first_);
  }
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;

  void add(std::string_view name, std::string_view value) {
    std::string line = std::string(name).append(": ").append(value);
    curl_slist* extended = curl_slist_append(first_, line.c_str());
    wipe(line);
    if (extended == nullptr) {
      throw std::bad_alloc();
    }
    first_ = extended;
  }

  [[nodiscard]] curl_slist* get() const noexcept { return first_; }

 private:
  curl_slist* first_ = nullptr;
};

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(handle, option, value);
  if (code != CURLE_OK) {
    throw Exception(Code::internal, std::string("libcurl: ") + curl_easy_strerror(code));
  }
}

std::string url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) {
    return "";
  }
  std::string copy = text;
  curl_free(text);
  return copy;
}

std::string checked_url(const std::string& setting, std::string text) {
  const auto refuse = [&](const std::string& why) { return Exception(Code::invalid_argument, setting + ": " + why); };
  if (text.empty()) {
    throw refuse("is not set");
  }
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK) {
    throw refuse(std::string("is not a URL: ") + curl_url_strerror(code));
  }
  if (url_part(url.get(), CURLUPART_SCHEME) != "https") {
    throw refuse("must be an https:// URL: tokens and passwords go there");
  }
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    if (!url_part(url.get(), part).empty()) {
      throw refuse("must hold no user, password, query or fragment");
    }
  }
  while (text.ends_with('/')) {
    text.pop_back();
  }
  return text;
}

void check_ca_file(const std::filesystem::path& path) {
  const auto pem = read_file(path);
  if (!pem) {
    throw Exception(pem.error().wrap("the CA certificates of the identity service"));
  }
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  const std::unique_ptr<X509, FreeCertificate> first(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (first == nullptr) {
    throw Exception(Code::invalid_argument,
                    "the CA certificates of the identity service: no certificate in PEM in " + path.string());
  }
}

long milliseconds_until(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return std::max<long>(left.count(), 1);  // libcurl takes 0 for "no limit"
}

}  // namespace

/// libcurl's own initialization, counted by libcurl.
class HttpsClient::Library {
 public:
  Library() {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
      throw Exception(Code::internal, "libcurl cannot be initialized");
    }
  }
  ~Library() { curl_global_cleanup(); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
};

/// A handle of libcurl with the connection it keeps. Belongs to one thread at a time.
class HttpsClient::Connection {
 public:
  explicit Connection(const Settings& settings);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] Result<HttpsResponse> perform(const std::string& url, const HttpsRequest& request, Deadline deadline);

 private:
  static std::size_t on_body(const char* data, std::size_t size, std::size_t count, void* connection) noexcept;
  static std::size_t on_header(const char* data, std::size_t size, std::size_t count, void* connection) noexcept;
  static CURLcode on_tls(CURL* handle, void* tls_context, void* connection) noexcept;

  [[nodiscard]] Error failure(CURLcode code) const;
  [[nodiscard]] std::string tls_failure(CURLcode code) const;
  [[nodiscard]] std::string detail(CURLcode code) const;

  std::array<char, CURL_ERROR_SIZE> error_text_{};
  CertificateCheck check_;
  std::string body_;
  std::size_t header_bytes_ = 0;
  bool too_long_ = false;
  std::unique_ptr<CURL, FreeHandle> owner_;  // last: closing the connection may still use the others
  CURL* handle_;
};

HttpsClient::Connection::Connection(const Settings& settings) : owner_(curl_easy_init()), handle_(owner_.get()) {
  if (handle_ == nullptr) {
    throw Exception(Code::internal, "libcurl: out of handles");
  }
  // Reserved at once: a growing string would leave copies of a session behind that nobody wipes.
  body_.reserve(kMaxAnswerBytes);
  set(handle_, CURLOPT_ERRORBUFFER, error_text_.data());
  set(handle_, CURLOPT_NOSIGNAL, 1L);
  // Without it libcurl waits for a resolver thread to end, whatever the timeout.
  set(handle_, CURLOPT_QUICK_EXIT, 1L);
  set(handle_, CURLOPT_PROTOCOLS_STR, "https");
  set(handle_, CURLOPT_FOLLOWLOCATION, 0L);
  set(handle_, CURLOPT_PROXY, "");  // not even one that the environment names
  set(handle_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(handle_, CURLOPT_USERAGENT, "mcdsl");

  set(handle_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_3));
  set(handle_, CURLOPT_SSL_VERIFYPEER, 1L);
  set(handle_, CURLOPT_SSL_VERIFYHOST, 2L);
  set(handle_, CURLOPT_SSL_SESSIONID_CACHE, 0L);  // a resumed session would skip the checks of the certificate
  set(handle_, CURLOPT_SSL_CTX_FUNCTION, &Connection::on_tls);
  set(handle_, CURLOPT_SSL_CTX_DATA, this);
  if (!settings.ca_cert.empty()) {
    set(handle_, CURLOPT_CAINFO, settings.ca_cert.c_str());
    set(handle_, CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // the system's folder would be trusted as well
    set(handle_, CURLOPT_CA_CACHE_TIMEOUT, 0L);                       // a replaced file counts from the next handshake
  }

  set(handle_, CURLOPT_WRITEFUNCTION, &Connection::on_body);
  set(handle_, CURLOPT_WRITEDATA, this);
  set(handle_, CURLOPT_HEADERFUNCTION, &Connection::on_header);
  set(handle_, CURLOPT_HEADERDATA, this);
}

std::size_t HttpsClient::Connection::on_body(const char* data, std::size_t size, std::size_t count,
                                             void* connection) noexcept {
  auto& self = *static_cast<Connection*>(connection);
  const std::size_t bytes = size * count;
  if (self.body_.size() + bytes > kMaxAnswerBytes) {
    self.too_long_ = true;
    return 0;
  }
  self.body_.append(data, bytes);
  return bytes;
}

std::size_t HttpsClient::Connection::on_header(const char* /*data*/, std::size_t size, std::size_t count,
                                               void* connection) noexcept {
  auto& self = *static_cast<Connection*>(connection);
  const std::size_t bytes = size * count;
  self.header_bytes_ += bytes;
  if (self.header_bytes_ > kMaxAnswerBytes) {
    self.too_long_ = true;
    return 0;
  }
  return bytes;
}

CURLcode HttpsClient::Connection::on_tls(CURL* /*handle*/, void* tls_context, void* connection) noexcept {
  auto& self = *static_cast<Connection*>(connection);
  SSL_CTX_set_cert_verify_callback(static_cast<SSL_CTX*>(tls_context), &CertificateCheck::verify, &self.check_);
  return CURLE_OK;
}

Result<HttpsResponse> HttpsClient::Connection::perform(const std::string& url, const HttpsRequest& request,
                                                       Deadline deadline) {
  HeaderList headers;
  headers.add("Accept", "application/json");
  if (!request.authorization.empty()) {
    headers.add("Authorization", request.authorization);
  }
  if (!request.content_type.empty()) {
    headers.add("Content-Type", request.content_type);
  }
  set(handle_, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
  // Not a null pointer, by which libcurl would read the body from standard input.
  set(handle_, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
  set(handle_, request.method == "POST" ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);  // last: POSTFIELDS means POST
  set(handle_, CURLOPT_URL, url.c_str());
  set(handle_, CURLOPT_HTTPHEADER, headers.get());
  set(handle_, CURLOPT_TIMEOUT_MS, milliseconds_until(deadline));
  error_text_.front() = '\0';
  check_.reset();
  body_.clear();
  header_bytes_ = 0;
  too_long_ = false;

  const CURLcode code = [this] {
    const SigpipeGuard guard;  // CURLOPT_NOSIGNAL makes libcurl leave SIGPIPE to us
    return curl_easy_perform(handle_);
  }();
  curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, nullptr);
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, nullptr);
  HttpsResponse response;
  response.body = Secret(body_);
  wipe(body_);
  if (code != CURLE_OK) {
    return fail(failure(code));
  }
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &response.status);
  return response;
}

Error HttpsClient::Connection::failure(CURLcode code) const {
  const auto unavailable = [](const std::string& why) { return Error(Code::unavailable, why); };
  if (too_long_) {
    return unavailable("the answer is longer than " + std::to_string(kMaxAnswerBytes) + " bytes");
  }
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return unavailable("DNS: " + detail(code));
    case CURLE_COULDNT_CONNECT: {
      long os_error = 0;
      curl_easy_getinfo(handle_, CURLINFO_OS_ERRNO, &os_error);
      return unavailable("connect: " + (os_error == 0 ? detail(code) : errno_text(static_cast<int>(os_error))));
    }
    case CURLE_OPERATION_TIMEDOUT:
      return unavailable("timeout: " + detail(code));
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
      return unavailable("TLS: " + tls_failure(code));
    default:
      return unavailable(detail(code));
  }
}

std::string HttpsClient::Connection::tls_failure(CURLcode code) const {
  if (!check_.saw_certificate()) {
    return detail(code);
  }
  const std::string chain_error = check_.chain_error();
  const std::string what = chain_error.empty() ? detail(code) : "the certificate is not trusted: " + chain_error;
  return what + "; " + check_.describe();
}

std::string HttpsClient::Connection::detail(CURLcode code) const {
  return error_text_.front() == '\0' ? curl_easy_strerror(code) : printable(error_text_.data());
}

/// A connection for the length of one call; none when all were busy until the deadline.
class HttpsClient::Lease {
 public:
  Lease(HttpsClient& client, Deadline deadline) : client_(client), connection_(client.acquire(deadline)) {}
  ~Lease() {
    if (connection_ != nullptr) {
      client_.release(std::move(connection_));
    }
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  [[nodiscard]] explicit operator bool() const noexcept { return connection_ != nullptr; }
  [[nodiscard]] Connection* operator->() const noexcept { return connection_.get(); }

 private:
  HttpsClient& client_;
  std::unique_ptr<Connection> connection_;
};

HttpsClient::HttpsClient(Settings settings) : library_(std::make_unique<Library>()), settings_(std::move(settings)) {
  settings_.url = checked_url(settings_.url_setting, std::move(settings_.url));
  if (!settings_.ca_cert.empty()) {
    check_ca_file(settings_.ca_cert);
  }
  idle_.reserve(settings_.max_connections);
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
  return std::string(request.method) + " " + settings_.url + std::string(request.path);
}

Result<HttpsResponse> HttpsClient::exchange(const HttpsRequest& request, Deadline deadline) {
  about_to_block();
  const Lease lease(*this, deadline);
  if (!lease) {
    return fail(Code::unavailable,
                "timeout: all " + std::to_string(settings_.max_connections) + " connections are busy");
  }
  return lease->perform(settings_.url + std::string(request.path), request, deadline);
}

std::unique_ptr<HttpsClient::Connection> HttpsClient::acquire(Deadline deadline) {
  std::unique_lock lock(mutex_);
  const auto free = [this] { return !idle_.empty() || connections_ < settings_.max_connections; };
  if (!released_.wait_until(lock, deadline, free)) {
    return nullptr;
  }
  if (idle_.empty()) {
    auto connection = std::make_unique<Connection>(settings_);
    ++connections_;
    return connection;
  }
  auto connection = std::move(idle_.back());  // the one used last: its connection is the likeliest to be alive
  idle_.pop_back();
  return connection;
}

void HttpsClient::release(std::unique_ptr<Connection> connection) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(connection));  // reserved: does not throw
  }
  released_.notify_one();
}

// Said once when it changes, not once a request: an outage must not flood the log.
void HttpsClient::note_reachable(const Result<HttpsResponse>& response) {
  if (reachable_.exchange(response.has_value()) == response.has_value()) {
    return;
  }
  if (response) {
    settings_.logger.info("the identity service answers again", {{"url", settings_.url}});
  } else {
    settings_.logger.warn("the identity service does not answer", {{"error", response.error().to_string()}});
  }
}

}  // namespace mcdsl::auth::internal
