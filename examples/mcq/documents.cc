#include "documents.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "mcdsl/base/bytes.h"

namespace mcq {
namespace {

using mcdsl::Code;
using mcdsl::Result;
namespace db = mcdsl::db;

constexpr std::array<db::Migration, 3> kSteps{{
    {.version = 1, .name = "create_documents", .sql = R"sql(
      CREATE TABLE documents (
        slug TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        body TEXT NOT NULL,
        pushed_by TEXT NOT NULL,
        pushed_at INTEGER NOT NULL,
        read INTEGER NOT NULL DEFAULT 0 CHECK (read IN (0, 1))
      ) STRICT;
      CREATE INDEX documents_by_time ON documents (pushed_at, slug);
    )sql"},
    {.version = 2, .name = "create_attachments", .sql = R"sql(
      CREATE TABLE attachments (
        slug TEXT NOT NULL REFERENCES documents (slug) ON DELETE CASCADE,
        name TEXT NOT NULL,
        file TEXT NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        content_type TEXT NOT NULL,
        stored_at INTEGER NOT NULL,
        PRIMARY KEY (slug, name)
      ) STRICT;
      -- Files that no row names any more and that are still to be unlinked.
      CREATE TABLE discarded_files (file TEXT PRIMARY KEY) STRICT;
      CREATE TRIGGER attachment_deleted AFTER DELETE ON attachments BEGIN
        INSERT INTO discarded_files (file) VALUES (old.file);
      END;
      CREATE TRIGGER attachment_replaced AFTER UPDATE OF file ON attachments WHEN old.file <> new.file BEGIN
        INSERT INTO discarded_files (file) VALUES (old.file);
      END;
    )sql"},
    {.version = 3, .name = "create_queue_and_search", .sql = R"sql(
      CREATE INDEX documents_unread_first ON documents (read, pushed_at, slug);
      -- The index of words knows a document by a number. That of its row will not do: VACUUM, and so a snapshot, gives
      -- rows new ones where no column holds them.
      CREATE TABLE document_ids (id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE) STRICT;
      CREATE VIEW document_texts (id, slug, title, body) AS
        SELECT i.id, d.slug, d.title, d.body FROM document_ids AS i JOIN documents AS d ON d.slug = i.slug;
      -- Without a copy of the texts, so whoever changes a document has to say so here, too: a trigger could not, since
      -- schemas are not trusted with virtual tables. Prefixes are indexed for what is searched as it is typed.
      CREATE VIRTUAL TABLE document_search USING fts5 (slug, title, body, content = 'document_texts',
        content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
      INSERT INTO document_ids (slug) SELECT slug FROM documents ORDER BY pushed_at;
      INSERT INTO document_search (document_search) VALUES ('rebuild');
    )sql"},
}};

// A row of a list, or of one document.
struct SummaryRow {
  Summary summary;

  void bind(db::Row& row) { row.into(summary.slug, summary.title, summary.pushed_by, summary.pushed_at, summary.read); }
};

struct DocumentRow {
  Document document;

  void bind(db::Row& row) {
    Summary& summary = document.summary;
    row.into(summary.slug, summary.title, summary.pushed_by, summary.pushed_at, summary.read, document.body);
  }
};

Result<void> not_found() {
  return mcdsl::fail_visible(Code::not_found, "no such document");
}

// Where a page ended: the time, in the database's form, and the slug of its last document.
struct Cursor {
  std::int64_t pushed_at;
  std::string slug;
};

std::string encode(const Summary& last) {
  const auto micros = std::chrono::floor<std::chrono::microseconds>(last.pushed_at.time_since_epoch()).count();
  return mcdsl::base64url_encode(std::to_string(micros) + ":" + last.slug);
}

Result<Cursor> decode(std::string_view text) {
  const auto plain = mcdsl::base64url_decode(text).value_or("");
  Cursor cursor{};
  const char* end = plain.data() + plain.size();
  const auto [stop, problem] = std::from_chars(plain.data(), end, cursor.pushed_at);
  if (problem != std::errc() || stop == end || *stop != ':') {
    return mcdsl::fail_visible(Code::invalid_argument, "\"after\" is not a cursor of this list");
  }
  cursor.slug.assign(stop + 1, end);
  return cursor;
}

// Takes the words of a document out of the index, before it changes: they are found by the text that is there.
Result<void> forget_words(db::WriteTransaction& transaction, std::string_view slug) {
  const auto forgotten = transaction.execute(
      "INSERT INTO document_search (document_search, rowid, slug, title, body) "
      "SELECT 'delete', id, slug, title, body FROM document_texts WHERE slug = ?1",
      slug);
  return forgotten ? Result<void>() : std::unexpected(forgotten.error());
}

Result<void> index_words(db::WriteTransaction& transaction, std::string_view slug) {
  if (const auto known = transaction.execute("INSERT OR IGNORE INTO document_ids (slug) VALUES (?1)", slug); !known) {
    return std::unexpected(known.error());
  }
  const auto indexed = transaction.execute(
      "INSERT INTO document_search (rowid, slug, title, body) "
      "SELECT id, slug, title, body FROM document_texts WHERE slug = ?1",
      slug);
  return indexed ? Result<void>() : std::unexpected(indexed.error());
}

}  // namespace

const std::span<const db::Migration> kMigrations = kSteps;

Result<void> check_document(std::string_view slug, std::string_view title, std::string_view body) {
  const auto is_allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (slug.empty() || slug.size() > kMaxSlugBytes || slug.front() == '-' || !std::ranges::all_of(slug, is_allowed)) {
    return mcdsl::fail_visible(Code::invalid_argument,
                               "slug: 1 to 128 characters of a-z, 0-9 and '-', which it does not begin with");
  }
  if (title.empty() || title.size() > kMaxTitleBytes) {
    return mcdsl::fail_visible(Code::invalid_argument, "title: 1 to 300 bytes");
  }
  if (body.size() > kMaxBodyBytes) {
    return mcdsl::fail_visible(Code::invalid_argument, "body: at most 4 MiB");
  }
  return {};
}

Result<void> check_editor(db::ReadTransaction& transaction, std::string_view slug, const Editor& editor) {
  const auto pushed_by = transaction.query_one<std::string>("SELECT pushed_by FROM documents WHERE slug = ?1", slug);
  if (!pushed_by) {
    return not_found();
  }
  if (!editor.is_admin && *pushed_by != editor.username) {
    return mcdsl::fail_visible(Code::permission_denied,
                               "only an administrator or who pushed it may change this document");
  }
  return {};
}

Result<Page> Documents::list(std::int64_t limit, std::string_view after) const {
  Cursor cursor{.pushed_at = std::numeric_limits<std::int64_t>::max(), .slug = ""};
  if (!after.empty()) {
    auto decoded = decode(after);
    if (!decoded) {
      return std::unexpected(decoded.error());
    }
    cursor = *std::move(decoded);
  }
  Page page;
  database_.read([&](db::ReadTransaction& transaction) {
    transaction.for_each<SummaryRow>(
        "SELECT slug, title, pushed_by, pushed_at, read FROM documents WHERE (pushed_at, slug) < (?1, ?2) "
        "ORDER BY pushed_at DESC, slug DESC LIMIT ?3",
        [&](SummaryRow row) { page.documents.push_back(std::move(row.summary)); }, cursor.pushed_at, cursor.slug,
        limit + 1);
  });
  // One more than asked for says that there is a next page.
  if (std::ssize(page.documents) > limit) {
    page.documents.pop_back();
    page.next = encode(page.documents.back());
  }
  return page;
}

Result<Document> Documents::find(std::string_view slug) const {
  auto row = database_.read([&](db::ReadTransaction& transaction) {
    return transaction.query_one<DocumentRow>(
        "SELECT slug, title, pushed_by, pushed_at, read, body FROM documents WHERE slug = ?1", slug);
  });
  if (!row) {
    return std::unexpected(not_found().error());
  }
  return std::move(row->document);
}

Result<bool> Documents::push(const Document& document, const Editor& editor) const {
  return database_.write([&](db::WriteTransaction& transaction) -> Result<bool> {
    const auto allowed = check_editor(transaction, document.summary.slug, editor);
    if (!allowed && allowed.error().code() != Code::not_found) {
      return std::unexpected(allowed.error());
    }
    if (auto forgotten = forget_words(transaction, document.summary.slug); !forgotten) {
      return std::unexpected(std::move(forgotten).error());
    }
    const auto stored = transaction.execute(
        "INSERT INTO documents (slug, title, body, pushed_by, pushed_at) VALUES (?1, ?2, ?3, ?4, ?5) "
        "ON CONFLICT (slug) DO UPDATE SET title = excluded.title, body = excluded.body, pushed_by = "
        "excluded.pushed_by, "
        "pushed_at = excluded.pushed_at, read = 0",
        document.summary.slug, document.summary.title, document.body, document.summary.pushed_by,
        document.summary.pushed_at);
    if (!stored) {
      return std::unexpected(stored.error());
    }
    if (auto indexed = index_words(transaction, document.summary.slug); !indexed) {
      return std::unexpected(std::move(indexed).error());
    }
    return !allowed.has_value();
  });
}

Result<void> Documents::remove(std::string_view slug, const Editor& editor) const {
  return database_.write([&](db::WriteTransaction& transaction) -> Result<void> {
    if (auto allowed = check_editor(transaction, slug, editor); !allowed) {
      return allowed;
    }
    if (auto forgotten = forget_words(transaction, slug); !forgotten) {
      return forgotten;
    }
    if (const auto removed = transaction.execute("DELETE FROM document_ids WHERE slug = ?1", slug); !removed) {
      return std::unexpected(removed.error());
    }
    if (const auto removed = transaction.execute("DELETE FROM documents WHERE slug = ?1", slug); !removed) {
      return std::unexpected(removed.error());
    }
    return {};
  });
}

Result<void> Documents::mark(std::string_view slug, bool read) const {
  return database_.write([&](db::WriteTransaction& transaction) -> Result<void> {
    const auto marked = transaction.execute("UPDATE documents SET read = ?2 WHERE slug = ?1", slug, read);
    if (!marked) {
      return std::unexpected(marked.error());
    }
    return *marked == 1 ? Result<void>() : not_found();
  });
}

}  // namespace mcq
