#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mcdsl::http {

/// What a representation is known by (RFC 9110 §8.8.3). A strong tag changes with every byte; a weak one stays while
/// the representations may stand for each other. Lifetime: a view into the text it was read from.
struct EntityTag {
  std::string_view opaque;  ///< what stands between the quotes
  bool weak = false;
};

/// The whole text as one tag: `"a"`, `W/"a"`. nullopt for anything else.
[[nodiscard]] std::optional<EntityTag> parse_entity_tag(std::string_view text) noexcept;

/// Takes the tag at the front of a text. nullopt, and the text as it was, where none stands there.
[[nodiscard]] std::optional<EntityTag> take_entity_tag(std::string_view& text) noexcept;

/// RFC 9110 §8.8.3.2: strong tags with the same text; tags with the same text.
[[nodiscard]] bool strongly_equal(const EntityTag& a, const EntityTag& b) noexcept;
[[nodiscard]] bool weakly_equal(const EntityTag& a, const EntityTag& b) noexcept;

/// A strong tag for these bytes, as the field holds it: 128 bits of their SHA-256, so that nobody can write two bodies
/// that caches take for one.
[[nodiscard]] std::string entity_tag_of(std::string_view bytes);

}  // namespace mcdsl::http
