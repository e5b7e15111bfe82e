#include <array>

#include "mcdsl/auth/authenticator.h"
#include "mcdsl/db/database.h"
#include "mcdsl/service/run.h"
#include "notes.h"

constexpr std::array<mcdsl::db::Migration, 1> kMigrations{{
    {.version = 1,
     .name = "create_notes",
     .sql = "CREATE TABLE notes (id TEXT PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL, revision INTEGER "
            "NOT NULL) STRICT;"},
}};

int main(int argc, char** argv) {
  return mcdsl::run({.name = "notes", .migrations = kMigrations}, argc, argv, [](mcdsl::Service& service) {
    auto database = mcdsl::db::Database::open({.path = "notes.db"}, {.logger = service.logger()});
    database.migrate(kMigrations);
    const mcdsl::auth::Authenticator authenticator({.server_url = "https://localhost:8443"});
    notes::NotesService notes_service(database);
    service.authenticate_with(authenticator);
    service.add(notes_service);
    service.serve();
  });
}
