#include "tools/mcias-dev/test_server.h"

#include <utility>

#include "mcdsl/auth/protocol.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/json/writer.h"
#include "tools/mcias-dev/rest.h"
#include "tools/mcias-dev/sso_pages.h"

namespace mcias {
namespace {

namespace protocol = mcdsl::auth::protocol;

Config changed(Config config, const std::function<void(Config&)>& change) {
  if (change) {
    change(config);
  }
  return config;
}

mcdsl::db::Database open(const Config& config) {
  auto database = mcdsl::db::Database::open(config.database);
  database.migrate(migrations());
  return database;
}

}  // namespace

void Answer::bind(mcdsl::json::Fields& fields) {
  fields.optional("token", token);
  fields.optional("expires_at", expires_at);
  fields.optional("error", error);
  fields.optional("code", code);
  fields.optional("valid", valid);
  fields.optional("subject", subject);
  fields.optional("username", username);
  fields.optional("account_type", account_type);
  fields.optional("roles", roles);
}

Answer read(const mcdsl::http::Response& response) {
  return mcdsl::value_or_throw(mcdsl::json::decode<Answer>(response.body));
}

Config cheap_config(const mcdsl::testing::TempDir& folder) {
  Config config;
  config.database.path = folder / "mcias-dev.db";
  config.identity.argon2_memory_kib = 8;
  config.identity.argon2_iterations = 1;
  return config;
}

TestServer::TestServer(const std::function<void(Config&)>& change)
    : config(changed(cheap_config(folder), change)),
      database(open(config)),
      store(database, clock),
      identity(config, store, log.logger(), clock),
      codes(database, clock),
      sso(config, store, codes, identity, log.logger()),
      client(router) {
  add_routes(router, identity);
  if (!config.sso_clients.empty()) {
    add_sso_routes(router, sso, config, clock);
  }
}

Account TestServer::add_user(const std::string& username, std::string_view password, std::vector<std::string> roles) {
  Account account{.id = mcdsl::crypto::random_uuid(),
                  .username = username,
                  .type = mcdsl::auth::AccountType::human,
                  .roles = std::move(roles),
                  .password_hash = identity.hasher().hash(mcdsl::Secret(std::string(password))),
                  .created_at = clock.now()};
  mcdsl::value_or_throw(store.add(account));
  return account;
}

Account TestServer::add_system(const std::string& username) {
  Account account{.id = mcdsl::crypto::random_uuid(),
                  .username = username,
                  .type = mcdsl::auth::AccountType::system,
                  .created_at = clock.now()};
  mcdsl::value_or_throw(store.add(account));
  return account;
}

mcdsl::http::Response TestServer::login(std::string_view username, std::string_view password, std::string_view service,
                                        std::string_view address) const {
  mcdsl::json::Writer body;
  body.begin_object()
      .field(protocol::kUsername, username)
      .field(protocol::kPassword, password)
      .field(protocol::kServiceName, service)
      .end_object();
  return client.from(address).post(protocol::kLoginPath, body.view());
}

mcdsl::http::Response TestServer::post(std::string_view path, std::string_view token) const {
  return client.with_header("authorization", "Bearer " + std::string(token)).send(mcdsl::http::Method::post, path);
}

std::string TestServer::token_of(std::string_view username, std::string_view password) const {
  const auto response = login(username, password);
  if (response.status != 200) {
    throw mcdsl::Exception(mcdsl::Code::internal, "login answered " + std::to_string(response.status));
  }
  return read(response).token;
}

bool TestServer::is_valid(std::string_view token) const {
  return read(post(protocol::kValidatePath, token)).valid.value();
}

}  // namespace mcias
