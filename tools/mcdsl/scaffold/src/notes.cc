#include "notes.h"

#include <expected>
#include <optional>

#include "mcdsl/crypto/digest.h"

namespace my_notes {
namespace {

using mcdsl::Code;
using mcdsl::Result;
using mcdsl::db::ReadTransaction;
using mcdsl::db::WriteTransaction;

constexpr std::size_t kLongestText = 10'000;  // bytes

}  // namespace

Result<std::vector<Note>> Notes::list(std::string_view author, std::int64_t limit, std::string_view before) const {
  if (limit < 1 || limit > kLargestPage) {
    return mcdsl::fail_visible(Code::invalid_argument, "limit: 1 to 200");
  }
  return database_.read([&](ReadTransaction& transaction) -> Result<std::vector<Note>> {
    if (before.empty()) {
      return transaction.query<Note>(
          "SELECT id, text, created_at FROM notes WHERE author = ?1 ORDER BY created_at DESC, id DESC LIMIT ?2", author,
          limit);
    }
    const auto last = transaction.query_one<Note>(
        "SELECT id, text, created_at FROM notes WHERE author = ?1 AND id = ?2", author, before);
    if (!last) {
      return mcdsl::fail_visible(Code::invalid_argument, "before: no such note");
    }
    return transaction.query<Note>(
        "SELECT id, text, created_at FROM notes WHERE author = ?1 AND (created_at, id) < (?2, ?3) "
        "ORDER BY created_at DESC, id DESC LIMIT ?4",
        author, last->created_at, last->id, limit);
  });
}

Result<Note> Notes::find(std::string_view author, std::string_view id) const {
  const auto note = database_.read([&](ReadTransaction& transaction) {
    return transaction.query_one<Note>("SELECT id, text, created_at FROM notes WHERE author = ?1 AND id = ?2", author,
                                       id);
  });
  if (!note) {
    return mcdsl::fail_visible(Code::not_found, "no such note");
  }
  return *note;
}

Result<Note> Notes::add(std::string_view author, std::string_view text) const {
  if (text.empty() || text.size() > kLongestText) {
    return mcdsl::fail_visible(Code::invalid_argument, "text: 1 to 10000 bytes");
  }
  const Note note{.id = mcdsl::crypto::random_uuid(), .text = std::string(text), .created_at = clock_.now()};
  return database_.write([&](WriteTransaction& transaction) -> Result<Note> {
    const auto count = transaction.query_one<std::int64_t>("SELECT count(*) FROM notes WHERE author = ?1", author);
    if (count.value_or(0) >= most_) {
      return mcdsl::fail_visible(Code::resource_exhausted, "this account has as many notes as it may have");
    }
    const auto added = transaction.execute("INSERT INTO notes (id, author, text, created_at) VALUES (?1, ?2, ?3, ?4)",
                                           note.id, author, note.text, note.created_at);
    return added ? Result<Note>(note) : std::unexpected(added.error());
  });
}

Result<void> Notes::remove(std::string_view author, std::string_view id) const {
  return database_.write([&](WriteTransaction& transaction) -> Result<void> {
    const auto removed = transaction.execute("DELETE FROM notes WHERE author = ?1 AND id = ?2", author, id);
    if (!removed) {
      return std::unexpected(removed.error());
    }
    return *removed == 1 ? Result<void>() : mcdsl::fail_visible(Code::not_found, "no such note");
  });
}

}  // namespace my_notes
