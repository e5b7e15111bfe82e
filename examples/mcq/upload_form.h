#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "attachments.h"
#include "documents.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/result.h"
#include "mcdsl/http/multipart.h"

namespace mcq {

/// Reads the forms by which a person adds a document and attaches files. A file is written while it arrives, and a
/// document is stored when the first file comes that is attached to it. Lifetime: all that it names outlives it.
class UploadForm {
 public:
  UploadForm(const Documents& documents, const Attachments& attachments, const mcdsl::Clock& clock)
      : documents_(documents), attachments_(attachments), clock_(clock) {}

  /// The fields `title`, `slug`, `document` (a file) or `body`, `replace`, and then any number of `file`, in that
  /// order. What is stored; an error behind the document leaves it, and the files before, where they are, and says so.
  /// Errors: invalid_argument; already_exists where the address is taken and `replace` was not ticked;
  /// permission_denied; those of the reader.
  [[nodiscard]] mcdsl::Result<Summary> add_document(mcdsl::http::MultipartReader& form, const Editor& editor) const;

  /// The files of a form, attached to a document that is there; how many. Errors: not_found, permission_denied,
  /// invalid_argument, those of the reader.
  [[nodiscard]] mcdsl::Result<int> attach(mcdsl::http::MultipartReader& form, std::string_view slug,
                                          const Editor& editor) const;

 private:
  /// nullopt where the field was left empty.
  [[nodiscard]] mcdsl::Result<std::optional<std::string>> attach_one(mcdsl::http::MultipartReader& form,
                                                                     const mcdsl::http::Part& part,
                                                                     std::string_view slug, const Editor& editor) const;

  const Documents& documents_;
  const Attachments& attachments_;
  const mcdsl::Clock& clock_;
};

/// "a-title-2-0" for "A title: 2.0!"; empty where no letter or digit of ASCII is in it.
[[nodiscard]] std::string slug_of(std::string_view title);

}  // namespace mcq
