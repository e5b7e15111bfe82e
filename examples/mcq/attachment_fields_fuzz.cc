// Takes the input as a content type and as a name: what passes the checks must be fit for a header, and a name must
// come out of its header as it went in.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "attachment_fields.h"
#include "mcdsl/base/bytes.h"
#include "mcdsl/http/headers.h"
#include "mcdsl/http/request.h"

namespace {

namespace http = mcdsl::http;

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

void check_content_type(std::string_view text) {
  http::Headers headers;
  if (headers.try_add("content-type", text)) {
    const std::string type = mcq::content_type_of(headers);
    require(mcq::is_content_type(type));
    require(type == text || !mcq::is_content_type(text));
  } else {
    require(!mcq::is_content_type(text));
  }
}

void check_name(std::string_view text) {
  if (!mcq::check_attachment_name(text)) {
    return;
  }
  require(!text.empty() && !text.starts_with('.') && !text.contains('/') && mcdsl::is_valid_utf8(text));
  const std::string field = mcq::content_disposition(text);
  require(http::is_field_value(field));
  constexpr std::string_view kPlain = "attachment; filename=\"";
  constexpr std::string_view kEncoded = "filename*=UTF-8''";
  require(field.starts_with(kPlain));
  const auto end = field.find('"', kPlain.size());
  require(end == kPlain.size() + text.size());
  const auto encoded = field.find(kEncoded, end);
  if (encoded == std::string::npos) {
    require(field.substr(kPlain.size(), text.size()) == text && end + 1 == field.size());
  } else {
    require(http::percent_decode(field.substr(encoded + kEncoded.size())) == text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_content_type(text);
  check_name(text);
  return 0;
}
