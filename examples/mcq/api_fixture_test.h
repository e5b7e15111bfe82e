#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attachments_api.h"
#include "config.h"
#include "mcdsl/http/access_log.h"
#include "mcdsl/http/pipeline.h"
#include "mcdsl/testing/app_client.h"
#include "mcdsl/testing/fake_mcias.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/secret_watch.h"
#include "mcdsl/testing/temp_dir.h"
#include "services.h"

namespace mcq {

// The whole of mcq but its sockets, with an identity service that is real on the wire. Each test fails at its end if a
// secret that went through mcq is in the log.
class ApiTest : public ::testing::Test {
 protected:
  explicit ApiTest(std::size_t max_attachment = kMaxAttachment)
      : attachments_(database_, folder_ / "attachments", {.max_bytes = max_attachment, .logger = log_.logger()}) {
    mcias_.add_user("alice", "alice's password", {"user"});
    mcias_.add_user("bob", "bob's password", {"user"});
    mcias_.add_user("root", "root's password", {"admin"});
    mcias_.add_user("guest", "guest's password", {"guest"});
    mcias_.add_system("robot");
    service_.authenticate_with(authenticator_);
    service_.add(document_service_);
    service_.add(auth_service_);
    service_.add(admin_service_);
    add_attachment_routes(service_, attachments_);
  }

  void TearDown() override {
    EXPECT_THAT(application().kinds_in(log_.text()), ::testing::IsEmpty()) << "a secret is in the log";
  }

  // What the server serves, with an access log, as that has it.
  mcdsl::testing::SecretWatch& application() {
    if (!watch_) {
      pipeline_.emplace(service_.application(), std::vector{mcdsl::http::access_log(log_.logger())});
      watch_.emplace(*pipeline_);
    }
    return *watch_;
  }

  mcdsl::testing::AppClient anonymous() { return mcdsl::testing::AppClient(application()); }

  mcdsl::testing::AppClient as(const std::string& account) {
    const mcdsl::Secret token = mcias_.issue_token(account);
    return anonymous().with_header("authorization", "Bearer " + std::string(token.reveal()));
  }

  [[nodiscard]] static mcdsl::db::Database opened(const std::filesystem::path& path, const mcdsl::log::Logger& logger) {
    auto database = mcdsl::db::Database::open({.path = path}, {.logger = logger});
    database.migrate(kMigrations);
    return database;
  }

  int push(const std::string& account, const std::string& slug) {
    return as(account).put("/v1/documents/" + slug, R"({"title":"A title","body":"# A body"})").status;
  }

  static constexpr std::size_t kMaxAttachment = std::size_t{1} << 20U;  // small, so that tests can pass it

  mcdsl::testing::TempDir folder_;
  mcdsl::testing::LogCapture log_;
  mcdsl::testing::FakeMcias mcias_;
  const mcdsl::db::Database database_ = opened(folder_ / "mcq.db", log_.logger());
  mcdsl::auth::Authenticator authenticator_{mcias_.settings("mcq"), {.logger = log_.logger()}};
  const Documents documents_{database_};
  const Attachments attachments_;
  DocumentService document_service_{documents_, attachments_, mcdsl::system_clock()};
  AuthService auth_service_{authenticator_};
  AdminService admin_service_{database_};
  Config config_;
  mcdsl::Service service_{"mcq", config_, log_.logger()};

 private:
  std::optional<mcdsl::http::Pipeline> pipeline_;
  std::optional<mcdsl::testing::SecretWatch> watch_;
};

}  // namespace mcq
