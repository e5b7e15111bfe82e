#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/base/result.h"

namespace mcdsl::grpcserver {

/// How a message is packed: `grpc-encoding`, `connect-content-encoding`, and Connect's content-encoding.
enum class Encoding : std::uint8_t { identity, gzip };

/// nullopt for an encoding that is not known here. Names are of either case (RFC 9110 §8.4.1).
[[nodiscard]] std::optional<Encoding> parse_encoding(std::string_view name);

/// Whether a list names gzip: `grpc-accept-encoding`, `connect-accept-encoding`, accept-encoding, where a weight of
/// zero refuses it (RFC 9110 §12.4.2). A `*` is not taken for gzip: messages as they are satisfy it too.
[[nodiscard]] bool accepts_gzip(std::string_view accept_list);

/// Errors: internal when zlib has no memory.
[[nodiscard]] Result<std::string> gzip(std::string_view bytes);

/// Unpacks at most `max_bytes`, and never allocates more than that and one byte for them. Errors, visible:
/// resource_exhausted where more would come out, invalid_argument for what is damaged, cut short or followed by other
/// bytes. Several members in a row are one text (RFC 1952 §2.2).
[[nodiscard]] Result<std::string> gunzip(std::string_view bytes, std::size_t max_bytes);

}  // namespace mcdsl::grpcserver
