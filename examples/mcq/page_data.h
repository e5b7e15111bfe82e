#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "attachments.h"
#include "documents.h"
#include "mcdsl/web/data.h"
#include "queue.h"

namespace mcq {

/// "29 Nov 2026", in UTC.
[[nodiscard]] std::string date_text(std::chrono::system_clock::time_point time);

/// "340 B", "1.2 KiB", "96 MiB".
[[nodiscard]] std::string size_text(std::uint64_t bytes);

/// Minutes that a person reads at a text, at least 1.
[[nodiscard]] std::int64_t reading_minutes(std::string_view text);

/// What the templates row.html and document.html name of a document.
struct SummaryFields {
  const Summary& summary;
  void show(mcdsl::web::Fields& fields) const;
};

/// What document.html names of an attachment.
struct AttachmentFields {
  const Attachment& about;
  void show(mcdsl::web::Fields& fields) const;
};

/// Where a person is in the queue: what they look for, and the page's cursor.
struct QueuePlace {
  std::string search;
  std::string cursor;

  /// "/", "/?q=words", "/?at=cursor", …
  [[nodiscard]] std::string path() const;
  void put_into(mcdsl::web::Data& data) const;
};

/// What queue.html names.
[[nodiscard]] mcdsl::web::Data queue_data(const QueuePage& page, const QueuePlace& place);

}  // namespace mcq
