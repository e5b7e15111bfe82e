#include "migrations.h"

#include <array>

namespace my_notes {
namespace {

constexpr std::array<mcdsl::db::Migration, 1> kSteps{{
    {.version = 1, .name = "create_notes", .sql = R"sql(
      CREATE TABLE notes (
        id TEXT PRIMARY KEY,
        author TEXT NOT NULL,
        text TEXT NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX notes_by_author ON notes (author, created_at, id);
    )sql"},
}};

}  // namespace

const std::span<const mcdsl::db::Migration> kMigrations = kSteps;

}  // namespace my_notes
