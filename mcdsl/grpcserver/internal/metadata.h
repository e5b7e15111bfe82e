#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/base/result.h"

namespace mcdsl::grpcserver {

/// The text of `grpc-message` on the wire (gRPC over HTTP/2, Percent-Encoded): space and visible ASCII stand for
/// themselves, all but `%`.
[[nodiscard]] std::string percent_encode(std::string_view message);

/// What such a text says. Never fails: an escape that is none is kept as it stands, since a broken message about an
/// error is better than none.
[[nodiscard]] std::string percent_decode(std::string_view text);

/// The value of a `-bin` header: base64 without padding (RFC 4648 §4).
[[nodiscard]] std::string encode_binary(std::string_view bytes);

/// Reads one such value, with or without padding; nullopt for anything else. A field that came several times may have
/// been joined by commas: split it first.
[[nodiscard]] std::optional<std::string> decode_binary(std::string_view text);

/// `grpc-timeout`: 1 to 8 digits and a unit of `H M S m u n`. What is longer than the type holds (about 292 years) is
/// the longest it holds. Zero is a deadline that has passed. Errors: invalid_argument.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_timeout(std::string_view text);

/// `Connect-Timeout-Ms`: 1 to 10 digits. Errors: invalid_argument.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_connect_timeout(std::string_view text);

/// Whether a header, in any case, belongs to HTTP or to one of the protocols and is never custom metadata: neither
/// given to a handler as such nor taken from one.
[[nodiscard]] bool is_reserved(std::string_view name);

}  // namespace mcdsl::grpcserver
