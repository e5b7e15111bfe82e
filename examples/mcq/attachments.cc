#include "attachments.h"

#include <exception>
#include <optional>
#include <utility>

#include <sys/stat.h>

#include "mcdsl/crypto/digest.h"

namespace mcq {
namespace {

namespace db = mcdsl::db;
using mcdsl::Code;
using mcdsl::Error;
using mcdsl::Exception;
using mcdsl::Result;

constexpr std::size_t kPiece = std::size_t{64} << 10U;  // of a body, between the network and the file

// A row, and the file that it names.
struct AttachmentRow {
  Attachment about;
  std::string file;

  void bind(db::Row& row) { row.into(about.name, about.size, about.sha256, about.content_type, about.stored_at, file); }
};

Result<void> not_found() {
  return mcdsl::fail_visible(Code::not_found, "no such attachment");
}

// Streams a body into the file; what is known of it then.
Result<Attachment> receive(const NewFile& file, Attachments::ReadBody read_body) {
  Attachment about;
  mcdsl::crypto::Sha256Stream digest;
  std::vector<char> piece(kPiece);
  for (;;) {
    const auto count = read_body(piece);
    if (!count) {
      return std::unexpected(count.error());
    }
    if (*count == 0) {
      break;
    }
    const std::string_view bytes(piece.data(), *count);
    digest.update(bytes);
    file.write(bytes);
    about.size += bytes.size();
  }
  about.sha256 = mcdsl::crypto::to_hex(digest.finish());
  return about;
}

// What the file says of its size is held against the row: half a file must not pass for a whole one.
void check_size(const mcdsl::UniqueFd& fd, const AttachmentRow& row) {
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0 || std::cmp_not_equal(status.st_size, row.about.size)) {
    throw Exception(Code::data_loss, "attachment file " + row.file + " has " + std::to_string(status.st_size) +
                                         " bytes and not " + std::to_string(row.about.size));
  }
}

// A full disk, or more writes than can wait, is no fault of the client's: it may come again later.
Error as_unavailable(const Error& error) {
  return error.code() == Code::resource_exhausted ? error.wrap("record an attachment").with_code(Code::unavailable)
                                                  : error;
}

}  // namespace

Attachments::Attachments(const db::Database& database, std::filesystem::path folder, AttachmentOptions options)
    : database_(database), options_(std::move(options)), folder_(std::move(folder)) {
  sweep();
}

std::filesystem::path Attachments::default_folder(const db::Database& database) {
  return database.path().parent_path() / "attachments";
}

Result<std::vector<Attachment>> Attachments::list(std::string_view slug) const {
  return database_.read([&](db::ReadTransaction& transaction) -> Result<std::vector<Attachment>> {
    if (!transaction.query_one<int>("SELECT 1 FROM documents WHERE slug = ?1", slug)) {
      return mcdsl::fail_visible(Code::not_found, "no such document");
    }
    std::vector<Attachment> attachments;
    transaction.for_each<AttachmentRow>(
        "SELECT name, size, sha256, content_type, stored_at, file FROM attachments WHERE slug = ?1 ORDER BY name",
        [&](AttachmentRow row) { attachments.push_back(std::move(row.about)); }, slug);
    return attachments;
  });
}

Result<OpenAttachment> Attachments::open(std::string_view slug, std::string_view name) const {
  std::string missing;
  for (;;) {
    auto row = database_.read([&](db::ReadTransaction& transaction) {
      return transaction.query_one<AttachmentRow>(
          "SELECT name, size, sha256, content_type, stored_at, file FROM attachments WHERE slug = ?1 AND name = ?2",
          slug, name);
    });
    if (!row) {
      return std::unexpected(not_found().error());
    }
    if (auto fd = folder_.open(row->file)) {
      check_size(fd, *row);
      return OpenAttachment{.about = std::move(row->about),
                            .file = std::make_shared<const mcdsl::UniqueFd>(std::move(fd))};
    }
    // Between the two looks it may have been replaced or deleted: then the next row names another file, or there is
    // none. A row that stays without its file is damage.
    if (row->file == missing) {
      throw Exception(Code::data_loss, "attachment file " + (folder_.path() / missing).string() + " is missing");
    }
    missing = std::move(row->file);
  }
}

Result<StoredAttachment> Attachments::put(std::string_view slug, std::string_view name, std::string content_type,
                                          const Editor& editor, ReadBody read_body) const {
  const auto allowed =
      database_.read([&](db::ReadTransaction& transaction) { return check_editor(transaction, slug, editor); });
  if (!allowed) {
    return std::unexpected(allowed.error());
  }
  NewFile file = folder_.create();
  auto about = receive(file, read_body);
  if (!about) {
    return std::unexpected(about.error());
  }
  file.sync();
  about->name = name;
  about->content_type = std::move(content_type);
  about->stored_at = options_.clock.now();
  try {
    const auto is_new = record(slug, *about, file, editor);
    if (is_new) {
      file.keep();
      unlink_discarded();
      return StoredAttachment{.about = *std::move(about), .is_new = *is_new};
    }
    keep_if_recorded(file);
    return mcdsl::fail(as_unavailable(is_new.error()));
  } catch (const Exception& problem) {
    keep_if_recorded(file);
    throw Exception(as_unavailable(problem.error()));
  }
}

Result<bool> Attachments::record(std::string_view slug, const Attachment& about, const NewFile& file,
                                 const Editor& editor) const {
  return database_.write([&](db::WriteTransaction& transaction) -> Result<bool> {
    // Once more, since the body may have taken its time.
    if (const auto allowed = check_editor(transaction, slug, editor); !allowed) {
      return std::unexpected(allowed.error());
    }
    const bool is_new =
        !transaction.query_one<int>("SELECT 1 FROM attachments WHERE slug = ?1 AND name = ?2", slug, about.name);
    const auto stored = transaction.execute(
        "INSERT INTO attachments (slug, name, file, size, sha256, content_type, stored_at) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (slug, name) DO UPDATE SET file = excluded.file, "
        "size = excluded.size, sha256 = excluded.sha256, content_type = excluded.content_type, "
        "stored_at = excluded.stored_at",
        slug, about.name, file.name(), static_cast<std::int64_t>(about.size), about.sha256, about.content_type,
        about.stored_at);
    if (!stored) {
      return std::unexpected(stored.error());
    }
    return is_new;
  });
}

void Attachments::keep_if_recorded(NewFile& file) const noexcept {
  try {
    const auto row = database_.read([&](db::ReadTransaction& transaction) {
      return transaction.query_one<int>("SELECT 1 FROM attachments WHERE file = ?1", file.name());
    });
    if (row) {
      file.keep();
    }
  } catch (const std::exception&) {
    file.keep();  // nobody can tell; the next sweep will
  }
}

Result<void> Attachments::remove(std::string_view slug, std::string_view name, const Editor& editor) const {
  auto removed = database_.write([&](db::WriteTransaction& transaction) -> Result<void> {
    if (auto allowed = check_editor(transaction, slug, editor); !allowed) {
      return allowed;
    }
    const auto rows = transaction.execute("DELETE FROM attachments WHERE slug = ?1 AND name = ?2", slug, name);
    if (!rows) {
      return std::unexpected(rows.error());
    }
    return *rows == 1 ? Result<void>() : not_found();
  });
  if (removed) {
    unlink_discarded();
  }
  return removed;
}

void Attachments::unlink_discarded() const noexcept {
  try {
    for (;;) {
      const auto files = database_.read([](db::ReadTransaction& transaction) {
        return transaction.query<std::string>("SELECT file FROM discarded_files LIMIT 100");
      });
      if (files.empty()) {
        return;
      }
      for (const std::string& file : files) {
        folder_.remove(file);
      }
      mcdsl::value_or_throw(database_.write([&](db::WriteTransaction& transaction) {
        for (const std::string& file : files) {
          mcdsl::value_or_throw(transaction.execute("DELETE FROM discarded_files WHERE file = ?1", file));
        }
      }));
    }
  } catch (const std::exception& problem) {
    options_.logger.warn("discarded attachments are left for later", {{"error", problem.what()}});
  }
}

void Attachments::sweep() const {
  std::size_t swept = 0;
  database_.read([&](db::ReadTransaction& transaction) {
    folder_.for_each([&](const std::string& file) {
      if (!transaction.query_one<int>("SELECT 1 FROM attachments WHERE file = ?1", file)) {
        folder_.remove(file);
        ++swept;
      }
    });
  });
  if (swept > 0) {
    options_.logger.info("removed files of attachments that were never finished, or given up", {{"count", swept}});
  }
  unlink_discarded();  // what was listed is gone, and comes off the list
}

}  // namespace mcq
