#include "mcdsl/http/form.h"

#include <algorithm>
#include <utility>

#include "mcdsl/base/bytes.h"
#include "mcdsl/http/content_type.h"
#include "mcdsl/http/headers.h"
#include "mcdsl/http/internal/parameters.h"

namespace mcdsl::http {
namespace {

constexpr std::size_t kMaxQuoted = 64;  // bytes of a field's name in an error

std::string quoted(std::string_view name) {
  return "form field \"" + printable(name, kMaxQuoted) + '"';
}

// Whether the header says: such a form, in UTF-8 or without a word about it.
bool is_form(const Request& request) {
  const auto type = request.header("content-type");
  if (!type || request.headers().count("content-type") > 1 || !equal_ignoring_case(media_type(*type), kFormType)) {
    return false;
  }
  const auto parameters = internal::parse_parameters(type->substr(std::min(type->find(';'), type->size())));
  const std::string* charset = parameters ? internal::find_parameter(*parameters, "charset") : nullptr;
  return parameters && (charset == nullptr || equal_ignoring_case(*charset, "utf-8"));
}

}  // namespace

Result<Form> Form::parse(std::string_view text, std::size_t max_fields) {
  Form form;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    if (pair.empty()) {
      continue;  // WHATWG URL §5.1, step 3.1
    }
    if (form.fields_.size() == max_fields) {
      return fail_visible(Code::invalid_argument, "a form may have " + std::to_string(max_fields) + " fields");
    }
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), true);
    if (!name) {
      return fail_visible(Code::invalid_argument, "the name of form field " + std::to_string(form.fields_.size() + 1) +
                                                      " is not valid UTF-8 in percent encoding");
    }
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!value) {
      return fail_visible(Code::invalid_argument, quoted(*name) + " is not valid UTF-8 in percent encoding");
    }
    form.fields_.push_back({.name = *std::move(name), .value = *std::move(value)});
  }
  return form;
}

Result<Form> Form::of(const Request& request, std::size_t max_fields) {
  if (!is_form(request)) {
    return fail_visible(Code::invalid_argument, "the content type must be " + std::string(kFormType) + " in UTF-8");
  }
  return parse(request.body(), max_fields);
}

Result<std::string_view> Form::get(std::string_view name) const {
  const auto found = find(name);
  if (!found) {
    return fail(found.error());
  }
  if (!*found) {
    return fail_visible(Code::invalid_argument, quoted(name) + " is missing");
  }
  return **found;
}

Result<std::optional<std::string_view>> Form::find(std::string_view name) const {
  std::optional<std::string_view> found;
  for (const Field& field : fields_) {
    if (field.name == name) {
      if (found) {
        return fail_visible(Code::invalid_argument, quoted(name) + " is there more than once");
      }
      found = field.value;
    }
  }
  return found;
}

std::vector<std::string_view> Form::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Field& field : fields_) {
    if (field.name == name) {
      values.push_back(field.value);
    }
  }
  return values;
}

}  // namespace mcdsl::http
