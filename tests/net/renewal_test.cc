// Certificates that change, in good ways and bad, while clients ask: no request may fail.

#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "mcdsl/net/server.h"
#include "mcdsl/testing/certificates.h"
#include "mcdsl/testing/eventually.h"
#include "mcdsl/testing/http_client.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;
using testing::Certificate;
using testing::KeyType;

constexpr int kSwaps = 100;
constexpr std::uint64_t kRequests = 10'000;
constexpr std::uint64_t kRequestsPerSwap = kRequests / kSwaps;
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

class Hello final : public http::Application {
 public:
  http::BodyPlan plan(http::Request& /*request*/) const override { return {}; }
  http::Response serve(http::Request& /*request*/) const override { return http::text("hello"); }
};

// A few clients that connect, ask some times and connect again, for as long as this lives.
class Clients {
 public:
  Clients(std::uint16_t port, const std::string& trusted) {
    for (int i = 0; i < 3; ++i) {
      threads_.emplace_back([this, port, trusted](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          visit(port, trusted);
        }
      });
    }
  }

  [[nodiscard]] std::uint64_t answered() const { return answered_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }

 private:
  void visit(std::uint16_t port, const std::string& trusted) {
    try {
      testing::HttpClient client("127.0.0.1", port, testing::TlsOptions{.trusted = trusted});
      for (int i = 0; i < 10; ++i) {
        const auto answer = client.exchange(kGet);
        ++(answer && answer->status == 200 ? answered_ : failed_);
      }
    } catch (const Exception& problem) {
      ++failed_;
      ADD_FAILURE() << problem.what();
    }
  }

  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::vector<std::jthread> threads_;
};

class Pairs {
 public:
  explicit Pairs(const std::filesystem::path& folder) : folder_(folder) {}

  [[nodiscard]] const std::string& trusted() const { return ca_.certificate(); }
  [[nodiscard]] Clock::WallTime newest() const { return ends_; }

  void write_good() {
    constexpr std::array kTypes{KeyType::p256, KeyType::ed25519, KeyType::p384, KeyType::rsa2048};
    ends_ += 1h;
    good_ = ca_.issue({.key = kTypes.at(count_++ % kTypes.size()), .not_after = ends_});
    write(good_.chain, good_.key);
  }

  void write_broken() {
    const Certificate other = ca_.issue();
    switch (count_++ % 4) {
      case 0:
        return write(other.chain, good_.key);  // half renewed
      case 1:
        return write(other.chain.substr(0, other.chain.size() / 2), other.key);  // half written
      case 2:
        return write("", "");
      default:
        std::filesystem::remove(folder_ / "cert.pem");
    }
  }

 private:
  void write(const std::string& certificate, const std::string& key) const {
    write_file_atomically(folder_ / "cert.pem", certificate);
    write_file_atomically(folder_ / "key.pem", key);
  }

  std::filesystem::path folder_;
  testing::CertificateAuthority ca_;
  Certificate good_;
  Clock::WallTime ends_ = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now() + 1000h);
  std::size_t count_ = 0;
};

std::size_t refusals(const testing::LogCapture& log) {
  const std::string text = log.text();
  std::size_t found = 0;
  for (auto at = text.find("certificate refused"); at != std::string::npos;
       at = text.find("certificate refused", at + 1)) {
    ++found;
  }
  return found;
}

TEST(Renewal, OfAHundredPairsSomeOfThemBrokenFailsNoRequest) {
  const testing::TempDir folder;
  const testing::LogCapture log;
  Pairs pairs(folder.path());
  pairs.write_good();
  CertificateStore certificates(folder / "cert.pem", folder / "key.pem", log.logger());
  certificates.watch();
  const Hello application;
  Server server(application, {});
  const Address address = server.listen(*parse_address("127.0.0.1:0"), &certificates);
  server.start();
  const Clients clients(address.port, pairs.trusted());
  for (int swap = 0; swap < kSwaps; ++swap) {
    const std::uint64_t before = clients.answered();
    const bool is_broken = swap % 3 == 2;
    const std::size_t refused = refusals(log);
    is_broken ? pairs.write_broken() : pairs.write_good();
    ASSERT_TRUE(testing::eventually([&] {
      return is_broken ? refusals(log) > refused : certificates.not_after() == pairs.newest();
    })) << "swap "
        << swap;
    ASSERT_TRUE(testing::eventually([&] { return clients.answered() >= before + kRequestsPerSwap; }));
  }
  EXPECT_GE(clients.answered(), kRequests);
  EXPECT_EQ(clients.failed(), 0U);
}

}  // namespace
}  // namespace mcdsl::net
