#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mcdsl {

/// Lower-case hexadecimal, two digits a byte.
[[nodiscard]] std::string hex_encode(std::string_view bytes);

/// Both cases are read; nullopt for an odd length or any other character.
[[nodiscard]] std::optional<std::string> hex_decode(std::string_view text);

/// Base64 with the URL-safe alphabet and no padding (RFC 4648 §5), as JOSE uses it.
[[nodiscard]] std::string base64url_encode(std::string_view bytes);

/// Strict: nullopt for padding, foreign characters, an impossible length or non-zero trailing bits (RFC 4648 §3.5).
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);

/// Whether the bytes are equal, in a time that depends on the lengths alone.
[[nodiscard]] bool constant_time_equal(std::string_view a, std::string_view b) noexcept;

/// How many bytes at the front of the text are printable ASCII and neither '"' nor '\\': what stands in a JSON string,
/// or in a quoted log value, as it is.
[[nodiscard]] std::size_t plain_run(std::string_view text) noexcept;

/// Whether the text is well-formed UTF-8 (RFC 3629 §4: no surrogates, no overlong forms, nothing past U+10FFFF).
[[nodiscard]] bool is_valid_utf8(std::string_view text) noexcept;

/// The text with every control character and malformed byte as `\xNN`, cut to `limit` bytes with "..." where longer:
/// for quoting foreign input in an error or a log.
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit = 200);

}  // namespace mcdsl
