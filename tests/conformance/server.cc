// A server for the suites of run.py: plain on one port, with TLS on another, until its input ends. With a number, that
// many seconds are each of its timeouts.
#include "mcdsl/net/server.h"

#include <chrono>
#include <exception>
#include <filesystem>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>

#include "mcdsl/base/result.h"
#include "mcdsl/http/ranges.h"
#include "mcdsl/testing/certificates.h"
#include "mcdsl/testing/temp_dir.h"

namespace {

using namespace mcdsl;

// "/large" is a file, in parts if they are asked for; "/open" is how many connections there are; the rest says hello.
class Hello final : public http::Application {
 public:
  explicit Hello(const std::filesystem::path& large)
      : large_(std::make_shared<const UniqueFd>(::open(large.c_str(), O_RDONLY | O_CLOEXEC))),
        size_(std::filesystem::file_size(large)) {}

  void watch(const net::Server& server) { server_ = &server; }

  http::BodyPlan plan(http::Request& /*request*/) const override { return {}; }
  http::Response serve(http::Request& request) const override {
    if (request.refusal()) {
      return http::error(request.refusal()->status, request.refusal()->text);
    }
    if (request.path() == "/open") {
      return http::text(std::to_string(server_->stats().open) + "\n");
    }
    if (request.path() == "/large") {
      http::Response response;
      response.file = http::FileBody{.fd = large_, .offset = 0, .length = size_};
      return http::with_range(request, std::move(response));
    }
    return http::text("hello, " + std::string(request.path()) + "\n");
  }

 private:
  std::shared_ptr<const UniqueFd> large_;
  std::uint64_t size_;
  const net::Server* server_ = nullptr;
};

void serve(std::optional<std::chrono::seconds> timeout) {
  const testing::TempDir dir;
  const auto certificate = testing::CertificateAuthority().issue();
  const net::CertificateStore certificates(dir.write("cert.pem", certificate.chain),
                                           dir.write("key.pem", certificate.key));
  Hello application(dir.write("large", std::string(std::size_t{16} << 20U, 'x')));
  net::ServerOptions options;
  if (timeout) {
    options.header_timeout = options.read_timeout = options.write_timeout = options.idle_timeout = *timeout;
  }
  net::Server server(application, options);
  application.watch(server);
  const net::Address any = value_or_throw(net::parse_address("127.0.0.1:0"));
  const auto plain = server.listen(any, nullptr).port;
  const auto secure = server.listen(any, &certificates).port;
  server.start();
  std::cout << plain << ' ' << secure << '\n' << std::flush;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());  // until whoever started it closes the pipe, or is gone
}

}  // namespace

int main(int argc, char** argv) {
  try {
    serve(argc > 1 ? std::optional(std::chrono::seconds(std::stoi(argv[1]))) : std::nullopt);
  } catch (const std::exception& problem) {
    std::cerr << "conformance_server: " << problem.what() << '\n';
    return 1;
  }
}
