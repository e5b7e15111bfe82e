// Certificates that change under a running store, and the sessions of clients that live through it.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "mcdsl/base/file.h"
#include "mcdsl/net/certificate.h"
#include "mcdsl/net/internal/openssl.h"
#include "mcdsl/testing/certificates.h"
#include "mcdsl/testing/eventually.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;
using testing::Certificate;
using testing::eventually;

std::size_t count(std::string_view text, std::string_view piece) {
  std::size_t found = 0;
  for (auto at = text.find(piece); at != std::string_view::npos; at = text.find(piece, at + 1)) {
    ++found;
  }
  return found;
}

// A certificate is known by the second in which it ends.
class RenewalTest : public ::testing::Test {
 protected:
  Certificate issue() {
    ends_ += 1h;
    return ca_.issue({.not_after = ends_});
  }
  void write(const std::filesystem::path& folder, const Certificate& certificate) const {
    std::filesystem::create_directories(folder);
    write_file_atomically(folder / "cert.pem", certificate.chain);
    write_file_atomically(folder / "key.pem", certificate.key);
  }
  CertificateStore& watch(const std::filesystem::path& folder) {
    store_.emplace(folder / "cert.pem", folder / "key.pem", log_.logger());
    store_->watch();
    return *store_;
  }
  [[nodiscard]] bool takes_the_newest() {
    return eventually([&] { return store_->not_after() == ends_; });
  }
  [[nodiscard]] bool refuses(std::size_t times) {
    return eventually([&] { return count(log_.text(), "new certificate refused") == times; });
  }

  const testing::TempDir dir_;
  const testing::LogCapture log_;
  const testing::CertificateAuthority ca_;
  Clock::WallTime ends_ = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now() + 1000h);
  std::optional<CertificateStore> store_;
};

TEST_F(RenewalTest, TakesAPairThatIsRenamedIntoPlace) {
  write(dir_.path(), issue());
  watch(dir_.path());
  write(dir_.path(), issue());
  EXPECT_TRUE(takes_the_newest());
  EXPECT_TRUE(eventually([&] { return log_.contains("certificate loaded"); }));
}

TEST_F(RenewalTest, TakesAPairThatIsWrittenInPlace) {
  write(dir_.path(), issue());
  watch(dir_.path());
  const Certificate next = issue();
  dir_.write("cert.pem", next.chain);
  dir_.write("key.pem", next.key);
  EXPECT_TRUE(takes_the_newest());
}

// As Kubernetes does: cert.pem -> ..data/cert.pem, ..data -> ..1, and ..data is renamed over.
TEST_F(RenewalTest, TakesAPairWhoseFoldersLinkIsSwitched) {
  write(dir_ / "..1", issue());
  std::filesystem::create_symlink("..1", dir_ / "..data");
  std::filesystem::create_symlink("..data/cert.pem", dir_ / "cert.pem");
  std::filesystem::create_symlink("..data/key.pem", dir_ / "key.pem");
  watch(dir_.path());
  write(dir_ / "..2", issue());
  std::filesystem::create_symlink("..2", dir_ / "..data_tmp");
  std::filesystem::rename(dir_ / "..data_tmp", dir_ / "..data");
  std::filesystem::remove_all(dir_ / "..1");
  EXPECT_TRUE(takes_the_newest());
}

// As certbot does: live/cert.pem -> ../archive/cert1.pem, a link each.
TEST_F(RenewalTest, TakesAPairWhoseLinksAreMadeAnew) {
  const auto link = [&](const std::string& version) {
    for (const std::string name : {"cert.pem", "key.pem"}) {
      std::filesystem::remove(dir_ / "live" / name);
      std::filesystem::create_symlink("../" + version + "/" + name, dir_ / "live" / name);
    }
  };
  std::filesystem::create_directories(dir_ / "live");
  write(dir_ / "archive1", issue());
  link("archive1");
  watch(dir_ / "live");
  write(dir_ / "archive2", issue());
  link("archive2");
  EXPECT_TRUE(takes_the_newest());
}

// Nothing happens in a folder that is watched: only looking helps.
TEST_F(RenewalTest, TakesAPairWhoseFolderIsALinkThatIsSwitched) {
  write(dir_ / "1", issue());
  std::filesystem::create_directory_symlink("1", dir_ / "certs");
  watch(dir_ / "certs");
  for (const std::string next : {"2", "3"}) {
    write(dir_ / next, issue());
    std::filesystem::create_directory_symlink(next, dir_ / "new");
    std::filesystem::rename(dir_ / "new", dir_ / "certs");
    EXPECT_TRUE(takes_the_newest());
  }
}

TEST_F(RenewalTest, TakesAPairThatChangedBeforeItWasWatched) {
  write(dir_.path(), issue());
  CertificateStore& store = store_.emplace(dir_ / "cert.pem", dir_ / "key.pem", log_.logger());
  write(dir_.path(), issue());
  store.watch();
  EXPECT_TRUE(takes_the_newest());
}

TEST_F(RenewalTest, LogsABrokenPairOnceAndTriesAgainWhenItChanges) {
  write(dir_.path(), issue());
  const CertificateStore& store = watch(dir_.path());
  const auto context = store.context();
  const Certificate next = issue();
  write_file_atomically(dir_ / "cert.pem", next.chain);
  EXPECT_TRUE(refuses(1));
  dir_.write("note", "of no concern");  // it looks, and finds the pair as it was
  write_file_atomically(dir_ / "key.pem", "half a ke");
  EXPECT_TRUE(refuses(2));
  EXPECT_EQ(store.context(), context);
  write_file_atomically(dir_ / "key.pem", next.key);
  EXPECT_TRUE(takes_the_newest());
  EXPECT_EQ(count(log_.text(), "new certificate refused"), 2U);
}

TEST_F(RenewalTest, LivesThroughFilesThatGoAndComeBack) {
  write(dir_ / "certs", issue());
  const CertificateStore& store = watch(dir_ / "certs");
  const auto context = store.context();
  std::filesystem::remove_all(dir_ / "certs");
  EXPECT_TRUE(eventually([&] { return log_.contains("new certificate refused"); }));
  EXPECT_EQ(store.context(), context);
  write(dir_ / "certs", issue());
  EXPECT_TRUE(takes_the_newest());
}

TEST_F(RenewalTest, LogsTheFindingsOfANewPair) {
  write(dir_.path(), issue());
  watch(dir_.path());
  const Certificate next = ca_.intermediate("unknown to clients").issue({.not_after = ends_ += 1h});
  write(dir_.path(), {.leaf = next.leaf, .chain = next.leaf, .key = next.key});
  EXPECT_TRUE(eventually([&] { return log_.contains("leaf only"); }));
}

// Clients and servers that speak TLS 1.3 through memory.
class ResumptionTest : public RenewalTest {
 protected:
  using Session = std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)>;

  struct Visit {
    bool resumed = false;
    Session session{nullptr, SSL_SESSION_free};  // with the ticket that the server gave
  };

  ResumptionTest() {
    write(dir_.path(), issue());
    store_.emplace(dir_ / "cert.pem", dir_ / "key.pem", log_.logger(), clock_);
    SSL_CTX_set_session_cache_mode(client_context_.get(), SSL_SESS_CACHE_CLIENT);
  }

  Visit visit(SSL_SESSION* session = nullptr) {
    const auto context = store_->context();
    const OpensslPtr<SSL> server(SSL_new(static_cast<SSL_CTX*>(context.get())));
    const OpensslPtr<SSL> client(SSL_new(client_context_.get()));
    BIO* server_side = nullptr;
    BIO* client_side = nullptr;
    EXPECT_EQ(BIO_new_bio_pair(&server_side, 0, &client_side, 0), 1);
    SSL_set_bio(server.get(), server_side, server_side);
    SSL_set_bio(client.get(), client_side, client_side);
    SSL_set_accept_state(server.get());
    SSL_set_connect_state(client.get());
    if (session != nullptr) {
      EXPECT_EQ(SSL_set_session(client.get(), session), 1);
    }
    for (int i = 0; i < 5; ++i) {
      SSL_do_handshake(client.get());
      SSL_do_handshake(server.get());
    }
    EXPECT_EQ(SSL_is_init_finished(client.get()), 1) << take_openssl_errors();
    EXPECT_EQ(SSL_is_init_finished(server.get()), 1) << take_openssl_errors();
    char byte = 0;
    EXPECT_EQ(SSL_write(server.get(), "x", 1), 1);
    EXPECT_EQ(SSL_read(client.get(), &byte, 1), 1);  // and the ticket before it
    Visit visit;
    visit.resumed = SSL_session_reused(client.get()) == 1;
    visit.session.reset(SSL_get1_session(client.get()));
    EXPECT_EQ(SSL_SESSION_is_resumable(visit.session.get()), 1);
    SSL_shutdown(client.get());  // a connection that breaks off takes its session with it
    return visit;
  }

  void renew() {
    write(dir_.path(), issue());
    EXPECT_TRUE(store_->reload());
  }

  testing::ManualClock clock_;
  OpensslPtr<SSL_CTX> client_context_{SSL_CTX_new(TLS_client_method())};
};

TEST_F(ResumptionTest, ResumesASessionByItsTicketAndGivesANewOne) {
  const Visit first = visit();
  EXPECT_FALSE(first.resumed);
  const Visit second = visit(first.session.get());
  EXPECT_TRUE(second.resumed);
  EXPECT_TRUE(visit(second.session.get()).resumed);
}

TEST_F(ResumptionTest, ResumesAcrossANewCertificate) {
  const Visit before = visit();
  renew();
  EXPECT_TRUE(visit(before.session.get()).resumed);
}

TEST_F(ResumptionTest, OpensTicketsOfTheKeyBefore) {
  const Visit before = visit();
  clock_.advance(13h);
  const Visit after = visit(before.session.get());
  EXPECT_TRUE(after.resumed);
  clock_.advance(12h);
  EXPECT_TRUE(visit(after.session.get()).resumed) << "its ticket is of the second key";
}

TEST_F(ResumptionTest, FallsBackToAFullHandshakeWhenTheKeyOfTheTicketHasGone) {
  const Visit before = visit();
  clock_.advance(13h);
  EXPECT_FALSE(visit().resumed);
  clock_.advance(13h);
  EXPECT_FALSE(visit(before.session.get()).resumed);
}

TEST_F(ResumptionTest, KeepsNoKeyOverALongSilence) {
  const Visit before = visit();
  clock_.advance(1000h);
  EXPECT_FALSE(visit(before.session.get()).resumed);
}

TEST_F(ResumptionTest, FallsBackWhereAnotherServerGaveTheTicket) {
  const Visit before = visit();
  store_.emplace(dir_ / "cert.pem", dir_ / "key.pem", log_.logger(), clock_);
  EXPECT_FALSE(visit(before.session.get()).resumed);
}

}  // namespace
}  // namespace mcdsl::net
