#include "api.h"
#include "attachments.h"
#include "config.h"
#include "documents.h"
#include "mcdsl/auth/authenticator.h"
#include "mcdsl/db/database.h"
#include "mcdsl/service/run.h"

int main(int argc, char** argv) {
  return mcdsl::run<mcq::Config>(
      {.name = "mcq", .version = "0.1.0", .about = "a reading queue", .migrations = mcq::kMigrations}, argc, argv,
      [](mcdsl::Service& service, const mcq::Config& config) {
        auto database = mcdsl::db::Database::open(config.database, {.logger = service.logger()});
        database.migrate(mcq::kMigrations);
        const mcdsl::auth::Authenticator authenticator(config.mcias, {.logger = service.logger()});
        const mcq::Documents documents(database);
        const mcq::Attachments attachments(database, mcq::Attachments::default_folder(database),
                                           {.logger = service.logger(), .clock = service.clock()});

        service.health().add("database", database);
        service.health().add("identity", authenticator);
        service.authenticate_with(authenticator);
        mcq::add_routes(service, authenticator, documents, attachments);
        service.serve();
      });
}
