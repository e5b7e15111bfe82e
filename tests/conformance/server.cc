// A server for the suites of run.py: plain on one port, with TLS on another, until its input ends.
#include "mcdsl/net/server.h"

#include <exception>
#include <iostream>
#include <limits>
#include <string>

#include "mcdsl/base/result.h"
#include "mcdsl/testing/certificates.h"
#include "mcdsl/testing/temp_dir.h"

namespace {

using namespace mcdsl;

class Hello final : public http::Application {
 public:
  http::BodyPlan plan(http::Request& /*request*/) const override { return {}; }
  http::Response serve(http::Request& request) const override {
    if (request.refusal()) {
      return http::error(request.refusal()->status, request.refusal()->text);
    }
    return http::text("hello, " + std::string(request.path()) + "\n");
  }
};

void serve() {
  const testing::TempDir dir;
  const auto certificate = testing::CertificateAuthority().issue();
  const net::CertificateStore certificates(dir.write("cert.pem", certificate.chain),
                                           dir.write("key.pem", certificate.key));
  const Hello application;
  net::Server server(application, {});
  const net::Address any = value_or_throw(net::parse_address("127.0.0.1:0"));
  const auto plain = server.listen(any, nullptr).port;
  const auto secure = server.listen(any, &certificates).port;
  server.start();
  std::cout << plain << ' ' << secure << '\n' << std::flush;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());  // until whoever started it closes the pipe, or is gone
}

}  // namespace

int main() {
  try {
    serve();
  } catch (const std::exception& problem) {
    std::cerr << "conformance_server: " << problem.what() << '\n';
    return 1;
  }
}
