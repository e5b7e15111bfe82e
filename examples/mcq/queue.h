#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "documents.h"
#include "mcdsl/base/result.h"
#include "mcdsl/db/database.h"

namespace mcq {

/// What of the queue is wanted.
struct QueueQuery {
  std::string search{};     ///< words, each of which has to begin a word of the slug, the title or the body; any text
  std::string cursor{};     ///< `previous` or `next` of another page of the same search; empty for the first page
  std::int64_t limit = 30;  ///< documents on a page, at least 1
};

struct QueuePage {
  std::vector<Summary> documents;       ///< unread first, and then the newest first
  std::optional<std::string> previous;  ///< the cursor of the page before this one; none on the first
  std::optional<std::string> next;      ///< and of the one after it; none on the last
};

/// The documents in the order in which a person reads them.
///
/// A page continues at a document and not at a number, so what is pushed or deleted meanwhile neither repeats nor hides
/// a row. What is marked meanwhile moves to where it belongs. Threads: const methods are safe from any thread.
class Queue {
 public:
  explicit Queue(const mcdsl::db::Database& database) : database_(database) {}

  /// Errors: invalid_argument for a cursor that this did not give out.
  [[nodiscard]] mcdsl::Result<QueuePage> page(const QueueQuery& query) const;

  /// How many a search finds, on all its pages.
  [[nodiscard]] std::int64_t count_found(std::string_view search) const;

  /// How many are unread.
  [[nodiscard]] std::int64_t unread() const;

  /// The unread document that stands first, but not this one: what to read next.
  [[nodiscard]] std::optional<Summary> next_unread(std::string_view but_not_slug) const;

 private:
  const mcdsl::db::Database& database_;
};

/// Words as a full-text query of SQLite (FTS5): each quoted, so that nothing in them is an operator, and each a prefix.
/// Empty where there are none; what lies behind the sixteenth word is left out.
[[nodiscard]] std::string to_search_expression(std::string_view words);

}  // namespace mcq
