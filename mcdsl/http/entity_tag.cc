#include "mcdsl/http/entity_tag.h"

#include <algorithm>

#include "mcdsl/base/bytes.h"
#include "mcdsl/crypto/digest.h"

namespace mcdsl::http {
namespace {

// RFC 9110 §8.8.3: anything visible but the quote, and bytes from 0x80.
bool is_tag_char(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != '"' && byte != 0x7F;
}

}  // namespace

std::optional<EntityTag> take_entity_tag(std::string_view& text) noexcept {
  std::string_view rest = text;
  const bool weak = rest.starts_with("W/");  // in this case only
  rest.remove_prefix(weak ? 2 : 0);
  if (!rest.starts_with('"')) {
    return std::nullopt;
  }
  rest.remove_prefix(1);
  const auto end = rest.find('"');
  if (end == std::string_view::npos || !std::ranges::all_of(rest.substr(0, end), is_tag_char)) {
    return std::nullopt;
  }
  text = rest.substr(end + 1);
  return EntityTag{.opaque = rest.substr(0, end), .weak = weak};
}

std::optional<EntityTag> parse_entity_tag(std::string_view text) noexcept {
  const auto tag = take_entity_tag(text);
  return text.empty() ? tag : std::nullopt;
}

bool strongly_equal(const EntityTag& a, const EntityTag& b) noexcept {
  return !a.weak && !b.weak && a.opaque == b.opaque;
}

bool weakly_equal(const EntityTag& a, const EntityTag& b) noexcept {
  return a.opaque == b.opaque;
}

std::string entity_tag_of(std::string_view bytes) {
  const crypto::Sha256 digest = crypto::sha256(bytes);
  return '"' + base64url_encode(crypto::as_bytes(digest).substr(0, 16)) + '"';
}

}  // namespace mcdsl::http
