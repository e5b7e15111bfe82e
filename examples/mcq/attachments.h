#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attachment_folder.h"
#include "documents.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/function_ref.h"
#include "mcdsl/base/log.h"
#include "mcdsl/base/result.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/db/database.h"

namespace mcq {

struct Attachment {
  std::string name;
  std::uint64_t size = 0;
  std::string sha256;  ///< in lower-case hexadecimal
  std::string content_type;
  std::chrono::system_clock::time_point stored_at;
};

/// An attachment whose file stays as it is for whoever holds this, even when it is replaced or deleted meanwhile.
struct OpenAttachment {
  Attachment about;
  std::shared_ptr<const mcdsl::UniqueFd> file;
};

struct StoredAttachment {
  Attachment about;
  bool is_new = false;
};

struct AttachmentOptions {
  std::size_t max_bytes = std::size_t{128} << 20U;  ///< of one; whoever brings the bytes holds to it
  mcdsl::log::Logger logger = {};
  const mcdsl::Clock& clock = mcdsl::system_clock();
};

/// Files that belong to documents: their bytes in a folder, what is known of them in the database.
///
/// A file is on the disk before the row that names it, and unlinked after the row is gone: the database lists in
/// `discarded_files`, within the transaction that gives a file up, what is still to be unlinked. So a process that is
/// killed anywhere between loses nothing; files that no row names are swept at the next start.
///
/// Threads: const methods are safe from any thread. Lifetime: database and clock outlive it. Errors: a disk that is
/// full throws Exception (unavailable), one that fails (internal), a file that is not as its row says (data_loss).
class Attachments {
 public:
  /// Where more of a body comes from, as Request::read_body gives it; 0 at its end.
  using ReadBody = mcdsl::FunctionRef<mcdsl::Result<std::size_t>(std::span<char> into)>;

  /// After the migrations. Makes the folder, and sweeps it. Throws Exception while another process has it.
  Attachments(const mcdsl::db::Database& database, std::filesystem::path folder, AttachmentOptions options = {});

  /// Where they belong: "attachments" beside the database.
  [[nodiscard]] static std::filesystem::path default_folder(const mcdsl::db::Database& database);

  /// By name. Errors: not_found for the document.
  [[nodiscard]] mcdsl::Result<std::vector<Attachment>> list(std::string_view slug) const;

  /// Errors: not_found.
  [[nodiscard]] mcdsl::Result<OpenAttachment> open(std::string_view slug, std::string_view name) const;

  /// Stores a body, in place of the one that has this name. Whether that is allowed is asked before the first read, and
  /// again when the body is there; until then nobody sees a part of it, and if anything fails nothing is left of it.
  /// Errors: not_found for the document, permission_denied as for the document itself, those of `read_body`,
  /// unavailable where the database has no room.
  [[nodiscard]] mcdsl::Result<StoredAttachment> put(std::string_view slug, std::string_view name,
                                                    std::string content_type, const Editor& editor,
                                                    ReadBody read_body) const;

  /// Errors: not_found, permission_denied.
  [[nodiscard]] mcdsl::Result<void> remove(std::string_view slug, std::string_view name, const Editor& editor) const;

  /// Unlinks the files that the database has given up: after a change of others that may have taken attachments along.
  /// What fails is logged and left for the next time.
  void unlink_discarded() const noexcept;

  [[nodiscard]] std::size_t max_bytes() const noexcept { return options_.max_bytes; }

 private:
  void sweep() const;
  [[nodiscard]] mcdsl::Result<bool> record(std::string_view slug, const Attachment& about, const NewFile& file,
                                           const Editor& editor) const;
  /// After a write that failed: a commit that broke half-way may be there all the same.
  void keep_if_recorded(NewFile& file) const noexcept;

  const mcdsl::db::Database& database_;
  AttachmentOptions options_;
  AttachmentFolder folder_;
};

}  // namespace mcq
