#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/base/secret.h"

namespace mcdsl::crypto {

inline constexpr std::size_t kSealKeyBytes = 32;
inline constexpr std::size_t kSealOverheadBytes = 12 + 16;  ///< by which a sealed text is longer: nonce and tag

/// The text encrypted and authenticated by AES-256-GCM (NIST SP 800-38D): the nonce, the ciphertext, the tag. Nobody
/// without the key can read or change it. `associated` is authenticated only and has to be the same to open it: what
/// the text is for, so that one sealed for one purpose is worth nothing for another.
///
/// Nonces are 96 random bits, so a key is good for 2^32 texts (SP 800-38D §8.3).
/// Threads: safe from any. Throws Exception (internal) for a key that has not 32 bytes.
[[nodiscard]] std::string seal(const Secret& key, std::string_view text, std::string_view associated);

/// What was sealed; nullopt for whatever was not sealed by this key with this associated text. Throws as `seal`.
[[nodiscard]] std::optional<Secret> open(const Secret& key, std::string_view sealed, std::string_view associated);

}  // namespace mcdsl::crypto
