#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/result.h"
#include "mcdsl/db/database.h"

namespace my_notes {

struct Note {
  std::string id;
  std::string text;
  std::chrono::system_clock::time_point created_at;

  void bind(mcdsl::db::Row& row) { row.into(id, text, created_at); }
};

// The notes in the database. An account, named by the subject that the identity service gave it, sees its own only.
// Threads: safe from any thread.
class Notes {
 public:
  static constexpr std::int64_t kLargestPage = 200;

  Notes(const mcdsl::db::Database& database, const mcdsl::Clock& clock, std::int64_t most)
      : database_(database), clock_(clock), most_(most) {}

  // Newest first, older than the note `before` where that is not empty. Errors: invalid_argument.
  [[nodiscard]] mcdsl::Result<std::vector<Note>> list(std::string_view author, std::int64_t limit,
                                                      std::string_view before) const;

  // Errors: not_found.
  [[nodiscard]] mcdsl::Result<Note> find(std::string_view author, std::string_view id) const;

  // Errors: invalid_argument; resource_exhausted where the account has as many notes as it may have.
  [[nodiscard]] mcdsl::Result<Note> add(std::string_view author, std::string_view text) const;

  // Errors: not_found.
  [[nodiscard]] mcdsl::Result<void> remove(std::string_view author, std::string_view id) const;

 private:
  const mcdsl::db::Database& database_;
  const mcdsl::Clock& clock_;
  std::int64_t most_;
};

}  // namespace my_notes
