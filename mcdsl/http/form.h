#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/result.h"
#include "mcdsl/http/request.h"

namespace mcdsl::http {

/// The fields of a form as a browser sends them by default: `application/x-www-form-urlencoded` (WHATWG URL §5.1).
///
/// Stricter than browsers are: an escape that is none, NUL, and what is not UTF-8 are refused and not mended.
class Form {
 public:
  struct Field {
    std::string name;
    std::string value;
  };

  static constexpr std::size_t kMaxFields = 1000;

  /// Errors: invalid_argument, without a word of what was typed: fields hold passwords.
  [[nodiscard]] static Result<Form> parse(std::string_view text, std::size_t max_fields = kMaxFields);

  /// The form in the body of a request, which must be of that type and in UTF-8. Errors: invalid_argument.
  [[nodiscard]] static Result<Form> of(const Request& request, std::size_t max_fields = kMaxFields);

  /// The value of a field that must be there once. Errors: invalid_argument, naming the field, where it is missing or
  /// there twice: which of two another reader took cannot be known. Lifetime: the view is the form's.
  [[nodiscard]] Result<std::string_view> get(std::string_view name) const;

  /// The value of a field that may be missing. Errors: invalid_argument where it is there twice.
  [[nodiscard]] Result<std::optional<std::string_view>> find(std::string_view name) const;

  /// All values of a field that may be there several times (a list of checkboxes), in the order of the form.
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;

  [[nodiscard]] const std::vector<Field>& fields() const noexcept { return fields_; }

 private:
  std::vector<Field> fields_;
};

/// The media type of forms, and the one of forms with files, which `MultipartReader` reads.
inline constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
inline constexpr std::string_view kMultipartFormType = "multipart/form-data";

}  // namespace mcdsl::http
