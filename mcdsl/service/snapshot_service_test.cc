#include "mcdsl/service/snapshot_service.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <mcdsl/v1/snapshot.pb.h>

#include "mcdsl/auth/static_verifier.h"
#include "mcdsl/base/error.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/db/database.h"
#include "mcdsl/grpcserver/dispatcher.h"
#include "mcdsl/testing/rpc_caller.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl {
namespace {

auth::Caller caller(const std::string& name, const std::string& role,
                    auth::AccountType type = auth::AccountType::human) {
  auth::Caller caller;
  caller.username = name;
  caller.roles = {role};
  caller.account_type = type;
  caller.expires_at = Clock::WallTime::max();
  return caller;
}

class SnapshotServiceTest : public ::testing::Test {
 protected:
  SnapshotServiceTest() {
    EXPECT_TRUE(database_
                    .write([](db::WriteTransaction& transaction) {
                      return transaction.execute("CREATE TABLE notes (slug TEXT)");
                    })
                    .has_value());
  }

  Result<v1::SnapshotReply> snapshot(const std::string& token) {
    const testing::RpcCaller rpc(dispatcher_, {{"authorization", "Bearer " + token}});
    return rpc.unary<v1::SnapshotReply>("mcdsl.v1.SnapshotService/Snapshot", v1::SnapshotRequest());
  }

  static std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  testing::TempDir folder_;
  const db::Database database_ = db::Database::open({.path = folder_ / "notes.db"});
  SnapshotService service_{database_};
  const auth::StaticVerifier verifier_{{{"roots", caller("root", "admin")},
                                        {"mcps", caller("mcp", "none", auth::AccountType::system)},
                                        {"alices", caller("alice", "user")}}};
  const grpcserver::Dispatcher dispatcher_{{&service_}, {.verifier = &verifier_}};
};

TEST_F(SnapshotServiceTest, TakesTheFirstSnapshotIntoAFolderThatItMakes) {
  ASSERT_FALSE(std::filesystem::exists(folder_ / "backups"));
  const auto reply = snapshot("roots");
  ASSERT_TRUE(reply.has_value()) << reply.error().to_string();
  const std::filesystem::path path = reply->path();
  EXPECT_EQ(path.parent_path(), folder_ / "backups");
  const std::string bytes = read(path);
  EXPECT_EQ(reply->size_bytes(), static_cast<std::int64_t>(bytes.size()));
  EXPECT_EQ(reply->sha256(), crypto::to_hex(crypto::sha256(bytes)));
  const auto restored = db::Database::open({.path = path});
  EXPECT_TRUE(restored.read([](db::ReadTransaction& transaction) {
    return transaction.query_one<std::int64_t>("SELECT 1 FROM sqlite_schema WHERE name = 'notes'").has_value();
  }));
}

TEST_F(SnapshotServiceTest, IsForAdministratorsAndTheControlPlaneAlone) {
  EXPECT_TRUE(snapshot("mcps").has_value());
  EXPECT_EQ(snapshot("alices").error().code(), Code::permission_denied);
  EXPECT_EQ(snapshot("nobodys").error().code(), Code::unauthenticated);
}

TEST_F(SnapshotServiceTest, NamesNoFolderToTheCallerWhereItCannotBeMade) {
  std::ofstream(folder_ / "backups") << "a file that is in the way";
  const auto reply = snapshot("roots");
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().message().find(folder_.path().string()), std::string::npos);
}

TEST_F(SnapshotServiceTest, GivesEachOfManyCallersAWholeSnapshot) {
  constexpr int kCallers = 8;
  std::array<Result<v1::SnapshotReply>, kCallers> replies;
  {
    std::vector<std::jthread> threads;
    for (auto& reply : replies) {
      threads.emplace_back([&] { reply = snapshot("roots"); });
    }
  }
  for (const auto& reply : replies) {
    ASSERT_TRUE(reply.has_value()) << reply.error().to_string();
    EXPECT_EQ(reply->sha256(), crypto::to_hex(crypto::sha256(read(reply->path()))));
  }
}

}  // namespace
}  // namespace mcdsl
