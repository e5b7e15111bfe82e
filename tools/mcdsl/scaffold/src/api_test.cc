#include "api.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config.h"
#include "mcdsl/auth/authenticator.h"
#include "mcdsl/httpserver/login.h"
#include "mcdsl/json/decode.h"
#include "mcdsl/service/service.h"
#include "mcdsl/testing/app_client.h"
#include "mcdsl/testing/fake_mcias.h"
#include "mcdsl/testing/temp_dir.h"
#include "migrations.h"

namespace my_notes {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct AddedNote {
  std::string id;

  void bind(mcdsl::json::Fields& fields) { fields.required("id", id); }
};

// The whole service but its sockets, with an identity service that is real on the wire.
class ApiTest : public ::testing::Test {
 protected:
  ApiTest() {
    database_.migrate(kMigrations);
    mcias_.add_user("alice", "alice's password", {"user"});
    mcias_.add_user("bob", "bob's password", {"user"});
    mcias_.add_user("guest", "guest's password", {"guest"});
    mcias_.add_system("robot");
    service_.authenticate_with(authenticator_);
    mcdsl::httpserver::add_login_routes(service_.router(), authenticator_);
    service_.add(api_);
  }

  mcdsl::testing::AppClient anonymous() { return mcdsl::testing::AppClient(service_.application()); }

  mcdsl::testing::AppClient as(const std::string& account) {
    const mcdsl::Secret token = mcias_.issue_token(account);
    return anonymous().with_header("authorization", "Bearer " + std::string(token.reveal()));
  }

  // The id of a new note.
  std::string add(const std::string& account, const std::string& text) {
    const auto answer = as(account).post("/v1/notes", R"({"text":")" + text + R"("})");
    EXPECT_EQ(answer.status, 200) << answer.body;
    return mcdsl::json::decode<AddedNote>(answer.body, {.allow_unknown_fields = true}).value().id;
  }

  mcdsl::testing::TempDir folder_;
  mcdsl::testing::FakeMcias mcias_;
  mcdsl::auth::Authenticator authenticator_{mcias_.settings("my-notes")};
  mcdsl::db::Database database_ = mcdsl::db::Database::open({.path = folder_ / "notes.db"});
  Notes notes_{database_, mcdsl::system_clock(), 100};
  Api api_{notes_};
  Config config_;
  mcdsl::Service service_{"my-notes", config_, {}};
};

// Every call over REST, since the routes are made of the same methods as gRPC's.
TEST_F(ApiTest, AddsListsAndDeletes) {
  const auto alice = as("alice");
  const std::string path = "/v1/notes/" + add("alice", "buy milk");
  EXPECT_THAT(alice.get("/v1/notes").body, HasSubstr("buy milk"));
  EXPECT_THAT(alice.get(path).body, HasSubstr("buy milk"));
  EXPECT_EQ(alice.delete_(path).status, 204);
  EXPECT_EQ(alice.get(path).status, 404);
}

TEST_F(ApiTest, LetsInUsersAndServicesThatAdd) {
  EXPECT_EQ(anonymous().get("/v1/notes").status, 401);
  EXPECT_EQ(as("guest").get("/v1/notes").status, 403);
  EXPECT_EQ(as("alice").get("/v1/notes").status, 200);
  EXPECT_EQ(as("robot").post("/v1/notes", R"({"text":"beep"})").status, 200);
  EXPECT_EQ(as("robot").get("/v1/notes").status, 403);
}

TEST_F(ApiTest, HidesTheNotesOfOthers) {
  const std::string path = "/v1/notes/" + add("alice", "a secret");
  EXPECT_EQ(as("bob").get(path).status, 404);
  EXPECT_EQ(as("bob").delete_(path).status, 404);
  EXPECT_THAT(as("bob").get("/v1/notes").body, Not(HasSubstr("a secret")));
}

TEST_F(ApiTest, RefusesBadInputByName) {
  const auto alice = as("alice");
  EXPECT_THAT(alice.post("/v1/notes", "{not json").body, HasSubstr("JSON"));
  EXPECT_THAT(alice.post("/v1/notes", R"({"text":7})").body, HasSubstr("text"));
  EXPECT_THAT(alice.post("/v1/notes", R"({"text":"x","colour":"red"})").body, HasSubstr("colour"));
  EXPECT_EQ(alice.post("/v1/notes", R"({"text":""})").status, 400);
  EXPECT_EQ(alice.get("/v1/notes?limit=many").status, 400);
}

TEST_F(ApiTest, LogsInAndOutAndTellsAnOutageFromARefusal) {
  EXPECT_EQ(anonymous().post("/v1/auth/login", R"({"username":"alice","password":"wrong"})").status, 401);
  EXPECT_EQ(anonymous().post("/v1/auth/login", R"({"username":"alice","password":"alice's password"})").status, 200);
  const auto alice = as("alice");
  mcias_.go_down();
  EXPECT_EQ(alice.get("/v1/notes").status, 503);
}

}  // namespace
}  // namespace my_notes
