#include "queue.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <limits>
#include <utility>

#include "mcdsl/base/bytes.h"

namespace mcq {
namespace {

namespace db = mcdsl::db;
using mcdsl::Code;
using mcdsl::Result;

constexpr std::size_t kMaxWords = 16;
constexpr std::size_t kMaxWord = 64;  // bytes; no word that is longer is told from another by what follows

enum class Way : std::uint8_t { down, up };  // towards the end of the queue, towards its head

// A place in the queue: right before or behind a document, or behind everything there is in a block.
struct Place {
  bool read = false;
  std::int64_t pushed_at = 0;  // in the database's form, microseconds
  std::string slug;
};

struct Cursor {
  Way way = Way::down;
  Place from;
};

Place place_of(const Summary& summary) {
  return {.read = summary.read,
          .pushed_at = std::chrono::floor<std::chrono::microseconds>(summary.pushed_at.time_since_epoch()).count(),
          .slug = summary.slug};
}

// Everything of a block lies behind its top and before its bottom: slugs are never empty, and none has bytes like
// these.
Place top_of_block(bool read) {
  return {.read = read, .pushed_at = std::numeric_limits<std::int64_t>::max(), .slug = "\x7f"};
}

Place bottom_of_block(bool read) {
  return {.read = read, .pushed_at = std::numeric_limits<std::int64_t>::min(), .slug = ""};
}

std::string encode(Way way, const Summary& from) {
  const Place place = place_of(from);
  const std::string text{way == Way::down ? 'd' : 'u', place.read ? 'r' : 'n'};
  return mcdsl::base64url_encode(text + std::to_string(place.pushed_at) + ":" + place.slug);
}

Result<Cursor> decode(std::string_view text) {
  constexpr std::size_t kLetters = 2;
  const auto refused = [] { return mcdsl::fail_visible(Code::invalid_argument, "this is no place in the queue"); };
  const std::string plain = mcdsl::base64url_decode(text).value_or("");
  if (plain.size() <= kLetters || (plain[0] != 'd' && plain[0] != 'u') || (plain[1] != 'r' && plain[1] != 'n')) {
    return refused();
  }
  Cursor cursor{.way = plain[0] == 'd' ? Way::down : Way::up, .from = {.read = plain[1] == 'r', .slug = {}}};
  const char* end = plain.data() + plain.size();
  const auto [stop, problem] = std::from_chars(plain.data() + kLetters, end, cursor.from.pushed_at);
  if (problem != std::errc() || stop == end || *stop != ':' || !mcdsl::is_valid_utf8({stop + 1, end})) {
    return refused();
  }
  cursor.from.slug.assign(stop + 1, end);
  return cursor;
}

struct SummaryRow {
  Summary summary;

  void bind(db::Row& row) { row.into(summary.slug, summary.title, summary.pushed_by, summary.pushed_at, summary.read); }
};

// The statement for one block, with or without a search: four texts in all, so each connection prepares them once.
std::string statement(Way way, bool searches) {
  const bool down = way == Way::down;
  std::string sql = "SELECT d.slug, d.title, d.pushed_by, d.pushed_at, d.read FROM documents AS d";
  sql += searches ? " JOIN document_ids AS i ON i.slug = d.slug" : "";
  sql += " WHERE d.read = ?1 AND (d.pushed_at, d.slug) ";
  sql += down ? "< (?2, ?3)" : "> (?2, ?3)";
  sql += searches ? " AND i.id IN (SELECT rowid FROM document_search WHERE document_search MATCH ?5)" : "";
  sql += down ? " ORDER BY d.pushed_at DESC, d.slug DESC" : " ORDER BY d.pushed_at, d.slug";
  return sql + " LIMIT ?4";
}

// Walks from a place through its block of the queue and the one behind it.
class Walk {
 public:
  Walk(db::ReadTransaction& transaction, std::string expression)
      : transaction_(transaction), expression_(std::move(expression)) {}

  // At most so many documents, in the order of the walk.
  std::vector<Summary> go(Way way, const Place& from, std::int64_t limit) {
    std::vector<Summary> found;
    step(way, from, limit, found);
    const bool down = way == Way::down;
    if (from.read != down && std::ssize(found) < limit) {
      step(way, down ? top_of_block(true) : bottom_of_block(false), limit - std::ssize(found), found);
    }
    return found;
  }

 private:
  void step(Way way, const Place& from, std::int64_t limit, std::vector<Summary>& found) {
    const auto take = [&](SummaryRow row) { found.push_back(std::move(row.summary)); };
    if (expression_.empty()) {
      transaction_.for_each<SummaryRow>(statement(way, false), take, from.read, from.pushed_at, from.slug, limit);
    } else {
      transaction_.for_each<SummaryRow>(statement(way, true), take, from.read, from.pushed_at, from.slug, limit,
                                        expression_);
    }
  }

  db::ReadTransaction& transaction_;
  std::string expression_;
};

// The documents below a place, and whether there are more behind them or before them.
QueuePage page_below(Walk& walk, const Place& from, std::int64_t limit) {
  QueuePage page;
  page.documents = walk.go(Way::down, from, limit + 1);  // one more says that there is a next page
  if (std::ssize(page.documents) > limit) {
    page.documents.pop_back();
    page.next = encode(Way::down, page.documents.back());
  }
  if (!page.documents.empty() && !walk.go(Way::up, place_of(page.documents.front()), 1).empty()) {
    page.previous = encode(Way::up, page.documents.front());
  }
  return page;
}

QueuePage page_above(Walk& walk, const Place& from, std::int64_t limit) {
  QueuePage page;
  page.documents = walk.go(Way::up, from, limit + 1);
  if (std::ssize(page.documents) <= limit) {
    return page_below(walk, top_of_block(false), limit);  // this is the first page, and so a full one
  }
  page.documents.pop_back();
  std::ranges::reverse(page.documents);
  page.previous = encode(Way::up, page.documents.front());
  if (!walk.go(Way::down, place_of(page.documents.back()), 1).empty()) {
    page.next = encode(Way::down, page.documents.back());
  }
  return page;
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// No piece of a character, which would be no UTF-8.
std::string_view shortened(std::string_view word) {
  constexpr unsigned kContinuationMask = 0xC0;
  constexpr unsigned kContinuation = 0x80;
  std::size_t size = std::min(word.size(), kMaxWord);
  while (size < word.size() && size > 0 &&
         (static_cast<unsigned char>(word[size]) & kContinuationMask) == kContinuation) {
    --size;
  }
  return word.substr(0, size);
}

}  // namespace

std::string to_search_expression(std::string_view words) {
  std::string expression;
  std::size_t count = 0;
  for (std::size_t at = 0; at < words.size() && count < kMaxWords;) {
    if (is_space(words[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < words.size() && !is_space(words[end])) {
      ++end;
    }
    expression += count == 0 ? "\"" : " \"";
    for (const char c : shortened(words.substr(at, end - at))) {
      if (c == '"') {
        expression += '"';  // within quotes a quote is two (SQLite, FTS5 §3.1)
      }
      if (c != '\0') {  // SQLite's parser would end there
        expression += c;
      }
    }
    expression += "\"*";
    ++count;
    at = end;
  }
  return expression;
}

Result<QueuePage> Queue::page(const QueueQuery& query) const {
  Cursor cursor{.way = Way::down, .from = top_of_block(false)};
  if (!query.cursor.empty()) {
    auto decoded = decode(query.cursor);
    if (!decoded) {
      return std::unexpected(std::move(decoded).error());
    }
    cursor = *std::move(decoded);
  }
  const std::int64_t limit = std::max<std::int64_t>(query.limit, 1);
  return database_.read([&](db::ReadTransaction& transaction) -> Result<QueuePage> {
    Walk walk(transaction, to_search_expression(query.search));
    return cursor.way == Way::down ? page_below(walk, cursor.from, limit) : page_above(walk, cursor.from, limit);
  });
}

std::int64_t Queue::count_found(std::string_view search) const {
  return database_.read([&](db::ReadTransaction& transaction) {
    return transaction
        .query_one<std::int64_t>("SELECT count(*) FROM document_search WHERE document_search MATCH ?1",
                                 to_search_expression(search))
        .value_or(0);
  });
}

std::int64_t Queue::unread() const {
  return database_.read([](db::ReadTransaction& transaction) {
    return transaction.query_one<std::int64_t>("SELECT count(*) FROM documents WHERE read = 0").value_or(0);
  });
}

std::optional<Summary> Queue::next_unread(std::string_view but_not_slug) const {
  auto row = database_.read([&](db::ReadTransaction& transaction) {
    return transaction.query_one<SummaryRow>(
        "SELECT slug, title, pushed_by, pushed_at, read FROM documents WHERE read = 0 AND slug <> ?1 "
        "ORDER BY pushed_at DESC, slug DESC LIMIT 1",
        but_not_slug);
  });
  return row ? std::optional(std::move(row->summary)) : std::nullopt;
}

}  // namespace mcq
