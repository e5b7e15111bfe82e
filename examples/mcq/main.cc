#include <optional>
#include <span>
#include <string>

#include "attachments.h"
#include "attachments_api.h"
#include "config.h"
#include "documents.h"
#include "login_command.h"
#include "mcdsl/auth/authenticator.h"
#include "mcdsl/db/database.h"
#include "mcdsl/service/run.h"
#include "mcdsl/service/snapshot_service.h"
#include "pages.h"
#include "queue.h"
#include "services.h"

int main(int argc, char** argv) {
  return mcdsl::run<mcq::Config>(
      {.name = "mcq",
       .version = "0.1.0",
       .about = "a reading queue",
       .commands = {{.name = "login",
                     .about = "log in, and keep the token for other commands",
                     .run =
                         [](std::span<const std::string> arguments, const mcq::Config& config) {
                           return mcq::run_login_command(arguments, config, mcq::process_console());
                         }},
                    {.name = "logout",
                     .about = "revoke that token",
                     .run =
                         [](std::span<const std::string> arguments, const mcq::Config& config) {
                           return mcq::run_logout_command(arguments, config, mcq::process_console());
                         }}},
       .migrations = mcq::kMigrations},
      argc, argv, [](mcdsl::Service& service, const mcq::Config& config) {
        auto database = mcdsl::db::Database::open(config.database, {.logger = service.logger()});
        database.migrate(mcq::kMigrations);
        const mcdsl::auth::Authenticator authenticator(config.mcias, {.logger = service.logger()});
        const mcq::Documents documents(database);
        const mcq::Queue queue(database);
        const mcq::Attachments attachments(database, mcq::Attachments::default_folder(database),
                                           {.logger = service.logger(), .clock = service.clock()});

        service.health().add("database", database);
        service.health().add("identity", authenticator);
        service.authenticate_with(authenticator);
        mcq::DocumentService document_service(documents, attachments, service.clock());
        mcq::AuthService auth_service(authenticator);
        mcq::AdminService admin_service(database);
        mcdsl::SnapshotService snapshot_service(database);
        service.add(document_service);
        service.add(auth_service);
        service.add(admin_service);
        service.add(snapshot_service);
        mcq::add_attachment_routes(service, attachments);
        std::optional<mcq::Pages> pages;
        if (!config.web.public_url.empty()) {
          pages.emplace(config, authenticator, documents, queue, attachments, service.logger(), service.clock());
          service.add_pages(pages->site(), [&](mcdsl::http::Router& router) { pages->add_routes(router); });
        }
        service.serve();
      });
}
