#pragma once

#include <span>

#include "mcdsl/db/migration.h"

namespace my_notes {

// The history of the schema. A step that has been released is never edited: add another one.
extern const std::span<const mcdsl::db::Migration> kMigrations;

}  // namespace my_notes
