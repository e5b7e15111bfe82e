// [if grpc]
#include "api.h"
// [end]
#include "config.h"
#include "mcdsl/auth/authenticator.h"
#include "mcdsl/db/database.h"
#include "mcdsl/httpserver/login.h"
#include "mcdsl/service/run.h"
// [if grpc]
#include "mcdsl/service/snapshot_service.h"
// [end]
#include "migrations.h"
#include "notes.h"
// [if web]
#include "pages.h"
// [end]
// [if not grpc]
#include "routes.h"
// [end]

using my_notes::Config;

int main(int argc, char** argv) {
  const mcdsl::Program<Config> program{
      .name = "my-notes",
      .version = SERVICE_VERSION,
      .about = "keeps notes",
      .migrations = my_notes::kMigrations,
  };
  return mcdsl::run(program, argc, argv, [](mcdsl::Service& service, const Config& config) {
    auto database = mcdsl::db::Database::open(config.database, {.logger = service.logger()});
    database.migrate(my_notes::kMigrations);
    const mcdsl::auth::Authenticator authenticator(config.mcias, {.logger = service.logger()});
    const my_notes::Notes notes(database, service.clock(), config.max_notes);

    service.health().add("database", database);
    service.health().add("identity", authenticator);
    service.authenticate_with(authenticator);
    mcdsl::httpserver::add_login_routes(service.router(), authenticator);
    // [if grpc]
    my_notes::Api api(notes);
    mcdsl::SnapshotService snapshots(database);
    service.add(api);
    service.add(snapshots);
    // [end]
    // [if not grpc]
    my_notes::add_routes(service, notes);
    // [end]
    // [if web]
    const my_notes::Pages pages(service, config, authenticator, notes);
    // [end]
    service.serve();  // returns when the service has drained
  });
}
