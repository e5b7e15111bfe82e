// Takes the input as a form and as the value of `Cookie`, and holds what is read to what must be true whatever stands
// there; what is read is written and read again.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mcdsl/base/bytes.h"
#include "mcdsl/http/cookie.h"
#include "mcdsl/http/form.h"

namespace {

using mcdsl::http::Form;

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

bool is_text(std::string_view text) {
  return mcdsl::is_valid_utf8(text) && !text.contains('\0');
}

void check_form(std::string_view text) {
  const auto form = Form::parse(text, 100);
  if (!form) {
    require(form.error().code() == mcdsl::Code::invalid_argument);
    return;
  }
  std::string written;
  for (const auto& [name, value] : form->fields()) {
    require(is_text(name) && is_text(value));
    const auto count = form->all(name).size();
    require(form->get(name).has_value() == (count == 1) && form->find(name).has_value() == (count == 1));
    written += mcdsl::http::percent_encode(name) + '=' + mcdsl::http::percent_encode(value) + '&';
  }
  require(form->fields().size() <= 100);
  const auto again = Form::parse(written, 100);
  require(again && std::ranges::equal(again->fields(), form->fields(), [](const auto& a, const auto& b) {
            return a.name == b.name && a.value == b.value;
          }));
}

void check_cookie(std::string_view text, std::string_view name) {
  mcdsl::http::Headers headers;
  if (!headers.try_add("cookie", text)) {
    return;
  }
  const auto value = mcdsl::http::find_cookie(headers, name);
  if (!value) {
    return;
  }
  require(text.contains(*value) && text.contains(name) &&
          value->find_first_of(" ,;\\\t\x7F") == std::string_view::npos);
  const bool is_quoted = value->starts_with('"');
  const std::string_view plain = is_quoted ? value->substr(1, value->size() - 2) : *value;
  const auto pair = mcdsl::http::format_cookie({.name = std::string(name), .value = std::string(plain)});
  mcdsl::http::Headers back;
  back.add("cookie", pair.substr(0, pair.find(';')));
  require(mcdsl::http::find_cookie(back, name) == plain);
  if (name.starts_with("__Host-")) {  // a second one, wherever it comes from, is none
    headers.add("cookie", pair.substr(0, pair.find(';')));
    require(!mcdsl::http::find_cookie(headers, name));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 4000));
  check_form(text);
  check_cookie(text, "a");
  check_cookie(text, "__Host-s");
  return 0;
}
