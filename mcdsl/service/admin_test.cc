#include "mcdsl/service/internal/admin.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/http/router.h"
#include "mcdsl/service/database_metrics.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl {
namespace {

using ::testing::HasSubstr;

TEST(AdminSection, IsPlainOnThisMachine) {
  for (const std::string address : {"127.0.0.1:9090", "[::1]:9090", "localhost:9090", "unix:/run/notes-admin.sock"}) {
    for (const auto tls : {config::Tls::on, config::Tls::off, config::Tls::proxy}) {
      const config::Server admin = internal::admin_section({.admin_addr = address, .tls = tls});
      EXPECT_EQ(admin.tls, config::Tls::off) << address;
      EXPECT_EQ(admin.listen_addr, address);
    }
  }
}

TEST(AdminSection, SpeaksTlsToOtherMachinesOrNotAtAll) {
  EXPECT_EQ(internal::admin_section({.admin_addr = ":9090", .tls = config::Tls::on}).tls, config::Tls::on);
  for (const auto tls : {config::Tls::off, config::Tls::proxy}) {
    for (const std::string address : {":9090", "192.0.2.7:9090", "0.0.0.0:9090"}) {
      EXPECT_THROW((void)internal::admin_section({.admin_addr = address, .tls = tls}), Exception) << address;
    }
  }
}

TEST(ServerMetrics, EndWithTheServer) {
  metrics::Registry registry;
  const http::Router application;
  auto server = std::make_shared<httpserver::Server>(
      config::Server{.listen_addr = "127.0.0.1:0", .tls = config::Tls::off}, application);
  internal::add_server_metrics(registry, server);
  EXPECT_THAT(registry.expose(), HasSubstr("\nserver_connections_accepted_total 0\n"));
  server.reset();
  EXPECT_EQ(registry.expose(), "");
}

TEST(DatabaseMetrics, TellWhatTheDatabaseDid) {
  const testing::TempDir folder;
  const auto database = db::Database::open({.path = folder / "notes.db"});
  metrics::Registry registry;
  add_database_metrics(registry, database);
  ASSERT_TRUE(
      database.write([](db::WriteTransaction& transaction) { return transaction.execute("CREATE TABLE a (b)"); })
          .has_value());
  const std::string page = registry.expose();
  EXPECT_THAT(page, HasSubstr("database_writes_total{database=\"main\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("database_write_groups_total{database=\"main\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("database_waiting_writes{database=\"main\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("database_reads_in_progress{database=\"main\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("database_wal_bytes{database=\"main\"} "));
}

TEST(BuildInfo, NamesServiceAndVersion) {
  metrics::Registry registry;
  internal::add_build_info(registry, "notes", "1.2.3");
  EXPECT_THAT(registry.expose(), HasSubstr("service_build_info{service=\"notes\",version=\"1.2.3\"} 1\n"));
}

}  // namespace
}  // namespace mcdsl
