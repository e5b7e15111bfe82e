#include <iostream>
#include <span>
#include <string>
#include <string_view>

#include <unistd.h>

#include "mcdsl/db/database.h"
#include "mcdsl/service/run.h"
#include "mcdsl/terminal/password.h"
#include "tools/mcias-dev/commands.h"
#include "tools/mcias-dev/config.h"
#include "tools/mcias-dev/identity.h"
#include "tools/mcias-dev/rest.h"
#include "tools/mcias-dev/sso.h"
#include "tools/mcias-dev/sso_codes.h"
#include "tools/mcias-dev/sso_pages.h"
#include "tools/mcias-dev/store.h"

namespace {

constexpr std::string_view kPurpose = "for development, tests and small sites";

mcias::Console console() {
  return {.out = std::cout,
          .err = std::cerr,
          .ask_password = [](std::string_view prompt) { return mcdsl::terminal::read_password(prompt); },
          .read_line = [] { return mcdsl::terminal::read_password_line(STDIN_FILENO); }};
}

int run_user(std::span<const std::string> arguments, const mcias::Config& config) {
  return mcias::run_user_command(arguments, config, console());
}

int run_token(std::span<const std::string> arguments, const mcias::Config& config) {
  return mcias::run_token_command(arguments, config, console());
}

int run_totp(std::span<const std::string> arguments, const mcias::Config& config) {
  return mcias::run_totp_command(arguments, config, console());
}

void serve(mcdsl::Service& service, const mcias::Config& config) {
  auto database = mcdsl::db::Database::open(config.database, {.logger = service.logger(), .clock = service.clock()});
  database.migrate(mcias::migrations());
  const mcias::Store store(database, service.clock());
  mcias::Identity identity(config, store, service.logger(), service.clock());

  service.logger().info("identity server", {{"purpose", kPurpose}, {"key_id", identity.public_key().key_id}});
  service.health().add("database", database);
  mcias::add_routes(service.router(), identity);
  const mcias::SsoCodes codes(database, service.clock());
  const mcias::Sso sso(config, store, codes, identity, service.logger());
  if (!config.sso_clients.empty()) {
    mcias::add_sso_routes(service.router(), sso, config, service.clock());
  }
  service.serve();
}

}  // namespace

int main(int argc, char** argv) {
  return mcdsl::run<mcias::Config>(
      {.name = "mcias-dev",
       .version = MCIAS_DEV_VERSION,
       .about = "An MCIAS identity server " + std::string(kPurpose),
       .commands = {{.name = "user", .about = "accounts: add, passwd, role, disable, enable, list", .run = run_user},
                    {.name = "token", .about = "tokens of system accounts: issue", .run = run_token},
                    {.name = "totp", .about = "second factors: enroll, disable", .run = run_totp}}},
      argc, argv, serve);
}
