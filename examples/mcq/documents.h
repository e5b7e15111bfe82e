#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/result.h"
#include "mcdsl/db/database.h"

namespace mcq {

/// A document without its body, as lists show it.
struct Summary {
  std::string slug;
  std::string title;
  std::string pushed_by;
  std::chrono::system_clock::time_point pushed_at;
  bool read = false;
};

struct Document {
  Summary summary;
  std::string body;  ///< Markdown
};

inline constexpr std::size_t kMaxSlugBytes = 128;
inline constexpr std::size_t kMaxTitleBytes = 300;
inline constexpr std::size_t kMaxBodyBytes = std::size_t{4} << 20U;

/// Whether a document may be pushed so: a slug of 1 to 128 characters of `a-z`, `0-9` and '-', which it does not begin
/// with, a title of 1 to 300 bytes and a body of at most 4 MiB. Errors: invalid_argument, naming what is wrong.
[[nodiscard]] mcdsl::Result<void> check_document(std::string_view slug, std::string_view title, std::string_view body);

/// Who wants to change something: the account, and whether it may change what others pushed.
struct Editor {
  std::string username;
  bool is_admin = false;
};

struct Page {
  std::vector<Summary> documents;   ///< newest first
  std::optional<std::string> next;  ///< the cursor of the page after this one
};

/// The documents in the database. Threads: const methods are safe from any thread.
class Documents {
 public:
  explicit Documents(const mcdsl::db::Database& database) : database_(database) {}

  /// Errors: invalid_argument for a cursor that this did not give out.
  [[nodiscard]] mcdsl::Result<Page> list(std::int64_t limit, std::string_view after) const;

  /// Errors: not_found.
  [[nodiscard]] mcdsl::Result<Document> find(std::string_view slug) const;

  /// Stores a document as unread; whether it is new. Errors: permission_denied where another account pushed the one
  /// that is there.
  [[nodiscard]] mcdsl::Result<bool> push(const Document& document, const Editor& editor) const;

  /// Errors: not_found; permission_denied for who neither pushed it nor is an administrator.
  [[nodiscard]] mcdsl::Result<void> remove(std::string_view slug, const Editor& editor) const;

  /// Errors: not_found.
  [[nodiscard]] mcdsl::Result<void> mark(std::string_view slug, bool read) const;

 private:
  const mcdsl::db::Database& database_;
};

/// Whether the editor may change the document, and so its attachments. Errors: not_found; permission_denied for who
/// neither pushed it nor is an administrator.
[[nodiscard]] mcdsl::Result<void> check_editor(mcdsl::db::ReadTransaction& transaction, std::string_view slug,
                                               const Editor& editor);

/// The whole schema: documents and their attachments.
extern const std::span<const mcdsl::db::Migration> kMigrations;

}  // namespace mcq
