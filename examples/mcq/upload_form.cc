#include "upload_form.h"

#include <algorithm>
#include <span>
#include <utility>

#include "attachment_fields.h"
#include "markdown.h"
#include "mcdsl/base/bytes.h"
#include "mcdsl/crypto/digest.h"
#include "page_data.h"

namespace mcq {
namespace {

namespace http = mcdsl::http;
using mcdsl::Code;
using mcdsl::Result;

constexpr std::size_t kMaxFlag = 16;  // bytes of a tick

// What the fields before the files say.
struct Fields {
  std::string title;
  std::string slug;
  std::string body;
  std::string filename;
  bool replace = false;
};

Result<void> invalid(std::string what) {
  return mcdsl::fail_visible(Code::invalid_argument, std::move(what));
}

// The part of a path that names the file. What a browser calls it has none, but other clients may send one.
std::string_view base_name(std::string_view path) {
  const auto slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view stem_of(std::string_view filename) {
  const std::string_view name = base_name(filename);
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? name : name.substr(0, dot);
}

// A line as a person typed it, without blanks around.
std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  return first == std::string_view::npos ? ""
                                         : std::string(text.substr(first, text.find_last_not_of(kBlank) - first + 1));
}

// Forms end lines with CRLF (HTML §4.10.22.4), whatever the text had.
std::string with_plain_lines(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\r' || at + 1 == text.size() || text[at + 1] != '\n') {
      plain += text[at];
    }
  }
  return plain;
}

Result<void> take_file(http::MultipartReader& form, const http::Part& part, Fields& fields) {
  auto text = form.read_all(kMaxBodyBytes);
  if (!text) {
    return std::unexpected(std::move(text).error());
  }
  if (!part.filename || part.filename->empty()) {
    return {};  // none was chosen
  }
  if (!fields.body.empty()) {
    return invalid("a document is a file or a text, and not both");
  }
  fields.body = *std::move(text);
  fields.filename = *part.filename;
  return {};
}

// One field before the files; what has another name means nothing.
Result<void> take_field(http::MultipartReader& form, const http::Part& part, Fields& fields) {
  const auto read = [&](std::size_t most, auto set) -> Result<void> {
    auto text = form.read_all(most);
    if (!text) {
      return std::unexpected(std::move(text).error());
    }
    return mcdsl::is_valid_utf8(*text) ? (set(*std::move(text)), Result<void>())
                                       : invalid(part.name + " is not in UTF-8");
  };
  if (part.name == "title") {
    return read(kMaxTitleBytes, [&](const std::string& text) { fields.title = trimmed(text); });
  }
  if (part.name == "slug") {
    return read(kMaxSlugBytes, [&](const std::string& text) { fields.slug = trimmed(text); });
  }
  if (part.name == "replace") {
    return read(kMaxFlag, [&](const std::string& text) { fields.replace = !text.empty(); });
  }
  if (part.name == "document") {
    return take_file(form, part, fields);
  }
  if (part.name == "body") {
    // A form's text has a byte more for each of its lines.
    std::string text;
    auto taken = read(2 * kMaxBodyBytes, [&](const std::string& typed) { text = with_plain_lines(typed); });
    if (taken && !trimmed(text).empty()) {
      if (!fields.body.empty()) {
        return invalid("a document is a file or a text, and not both");
      }
      fields.body = std::move(text);
    }
    return taken;
  }
  return {};
}

Result<Document> document_of(Fields fields, const Editor& editor, const mcdsl::Clock& clock) {
  if (fields.body.empty()) {
    return std::unexpected(invalid("the document has no text").error());
  }
  if (!mcdsl::is_valid_utf8(fields.body)) {
    return std::unexpected(invalid("the document is not a text in UTF-8").error());
  }
  if (fields.title.empty()) {
    fields.title = title_of_markdown(fields.body);
  }
  if (fields.title.empty()) {
    fields.title = stem_of(fields.filename);
  }
  if (fields.title.empty()) {
    return std::unexpected(invalid("the document needs a title").error());
  }
  if (fields.slug.empty()) {
    fields.slug = slug_of(fields.title);
  }
  if (fields.slug.empty()) {
    fields.slug = slug_of(stem_of(fields.filename));
  }
  if (fields.slug.empty()) {  // a title in another script
    constexpr std::size_t kDigits = 8;
    fields.slug = "document-" + mcdsl::crypto::random_uuid().substr(0, kDigits);
  }
  Document document{.summary = {.slug = std::move(fields.slug),
                                .title = std::move(fields.title),
                                .pushed_by = editor.username,
                                .pushed_at = clock.now()},
                    .body = std::move(fields.body)};
  if (const auto sound = check_document(document.summary.slug, document.summary.title, document.body); !sound) {
    return std::unexpected(sound.error());
  }
  return document;
}

}  // namespace

std::string slug_of(std::string_view title) {
  std::string slug;
  for (const char c : title) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (is_upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      slug += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  slug.resize(std::min(slug.size(), kMaxSlugBytes));
  while (slug.ends_with('-')) {
    slug.pop_back();
  }
  return slug;
}

Result<Summary> UploadForm::add_document(http::MultipartReader& form, const Editor& editor) const {
  Fields fields;
  std::optional<Summary> stored;
  const auto store = [&]() -> Result<void> {
    const bool replace = fields.replace;
    auto document = document_of(std::move(fields), editor, clock_);
    if (!document) {
      return std::unexpected(std::move(document).error());
    }
    if (!replace && documents_.find(document->summary.slug)) {
      return mcdsl::fail_visible(Code::already_exists, "there is a document at the address " + document->summary.slug +
                                                           ": give another one, or tick that it is replaced");
    }
    if (const auto pushed = documents_.push(*document, editor); !pushed) {
      return std::unexpected(pushed.error());
    }
    stored = std::move(document->summary);
    return {};
  };
  for (;;) {
    const auto part = form.next_part();
    if (!part) {
      return std::unexpected(part.error());
    }
    if (!*part) {
      break;
    }
    if ((*part)->name != "file") {
      if (stored) {
        return std::unexpected(invalid("the files stand behind the other fields of the form").error());
      }
      if (const auto taken = take_field(form, **part, fields); !taken) {
        return std::unexpected(taken.error());
      }
      continue;
    }
    if ((*part)->filename.value_or("").empty()) {
      continue;
    }
    if (!stored) {
      if (const auto pushed = store(); !pushed) {
        return std::unexpected(pushed.error());
      }
    }
    if (const auto attached = attach_one(form, **part, stored->slug, editor); !attached) {
      const mcdsl::Error& error = attached.error();
      return std::unexpected(mcdsl::Error::visible(
          error.code(), "the document is stored, but not all of its files: " + std::string(error.public_text())));
    }
  }
  if (!stored) {
    if (const auto pushed = store(); !pushed) {
      return std::unexpected(pushed.error());
    }
  }
  return *std::move(stored);
}

Result<int> UploadForm::attach(http::MultipartReader& form, std::string_view slug, const Editor& editor) const {
  int count = 0;
  for (;;) {
    const auto part = form.next_part();
    if (!part) {
      return std::unexpected(part.error());
    }
    if (!*part) {
      break;
    }
    if ((*part)->name != "file") {
      continue;
    }
    const auto attached = attach_one(form, **part, slug, editor);
    if (!attached) {
      return std::unexpected(attached.error());
    }
    count += *attached ? 1 : 0;
  }
  if (count == 0) {
    return std::unexpected(invalid("no file was chosen").error());
  }
  return count;
}

Result<std::optional<std::string>> UploadForm::attach_one(http::MultipartReader& form, const http::Part& part,
                                                          std::string_view slug, const Editor& editor) const {
  std::string name(base_name(part.filename.value_or("")));
  if (name.empty()) {
    return std::nullopt;
  }
  if (const auto sound = check_attachment_name(name); !sound) {
    return std::unexpected(sound.error());
  }
  std::size_t size = 0;
  const auto read = [&](std::span<char> into) -> Result<std::size_t> {
    const auto count = form.read(into);
    size += count.value_or(0);
    if (size > attachments_.max_bytes()) {
      return mcdsl::fail_visible(Code::invalid_argument,
                                 name + " is larger than " + size_text(attachments_.max_bytes()));
    }
    return count;
  };
  const auto stored = attachments_.put(
      slug, name, is_content_type(part.content_type) ? part.content_type : "application/octet-stream", editor, read);
  if (!stored) {
    return std::unexpected(stored.error());
  }
  return name;
}

}  // namespace mcq
