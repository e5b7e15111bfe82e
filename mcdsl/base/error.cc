#include "mcdsl/base/error.h"

#include <array>
#include <cstring>
#include <system_error>
#include <utility>

namespace mcdsl {
namespace {

struct CodeRow {
  std::string_view name;
  int http_status;
  std::string_view public_text;
};

// The one table: gRPC number (from 1; 0 is success and no error) -> name, HTTP status, what a client is told when
// nothing better was given. `failed_precondition` is 412 by the platform's convention (google.api uses 400).
constexpr std::array<CodeRow, 16> kCodes{{
    {"cancelled", 499, "cancelled"},
    {"unknown", 500, "internal error"},
    {"invalid_argument", 400, "bad request"},
    {"deadline_exceeded", 504, "deadline exceeded"},
    {"not_found", 404, "not found"},
    {"already_exists", 409, "already exists"},
    {"permission_denied", 403, "not allowed"},
    {"resource_exhausted", 429, "too many requests"},
    {"failed_precondition", 412, "precondition failed"},
    {"aborted", 409, "conflict"},
    {"out_of_range", 400, "out of range"},
    {"unimplemented", 501, "not implemented"},
    {"internal", 500, "internal error"},
    {"unavailable", 503, "service unavailable"},
    {"data_loss", 500, "internal error"},
    {"unauthenticated", 401, "unauthenticated"},
}};

const CodeRow& row(Code code) noexcept {
  const auto number = static_cast<std::size_t>(code);
  // A number from a wire that names no failure must not pass for success.
  const bool known = number >= 1 && number <= kCodes.size();
  return kCodes[(known ? number : static_cast<std::size_t>(Code::unknown)) - 1];
}

}  // namespace

std::string_view name(Code code) noexcept {
  return row(code).name;
}

int http_status(Code code) noexcept {
  return row(code).http_status;
}

Error Error::visible(Code code, std::string message) {
  Error error(code, message);
  error.public_text_ = std::move(message);
  return error;
}

Error Error::wrap(std::string message) const {
  Error outer(code_, std::move(message));
  outer.public_text_ = public_text_;
  outer.details_ = details_;
  outer.cause_ = std::make_shared<const Error>(*this);
  return outer;
}

Error Error::with_public_text(std::string text) && {
  public_text_ = std::move(text);
  return std::move(*this);
}

Error Error::with_code(Code code) && {
  code_ = code;
  return std::move(*this);
}

Error Error::with_detail(ErrorDetail detail) && {
  auto details = details_ ? *details_ : std::vector<ErrorDetail>();
  details.push_back(std::move(detail));
  details_ = std::make_shared<const std::vector<ErrorDetail>>(std::move(details));
  return std::move(*this);
}

const std::vector<ErrorDetail>& Error::details() const noexcept {
  static const std::vector<ErrorDetail> none;
  return details_ ? *details_ : none;
}

std::string_view Error::public_text() const noexcept {
  return public_text_.empty() ? row(code_).public_text : std::string_view(public_text_);
}

std::string Error::to_string() const {
  std::string text = message_;
  for (const Error* cause = cause_.get(); cause != nullptr; cause = cause->cause()) {
    text.append(": ").append(cause->message());
  }
  return text;
}

std::string errno_text(int errno_value) {
  return std::generic_category().message(errno_value);
}

}  // namespace mcdsl
