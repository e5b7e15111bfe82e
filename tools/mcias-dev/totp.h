#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/secret.h"

namespace mcias {

/// The second factor that authenticator apps know: time-based one-time passwords (RFC 6238) of HMAC-SHA-1, 6 digits and
/// steps of 30 seconds.

/// A new shared secret: 20 random bytes, as RFC 4226 §4 recommends.
[[nodiscard]] mcdsl::Secret new_totp_secret();

/// The step that a moment belongs to: steps of 30 seconds since 1970.
[[nodiscard]] std::int64_t totp_step(mcdsl::Clock::WallTime time) noexcept;

/// The code of a step: six digits.
[[nodiscard]] std::string totp_code(const mcdsl::Secret& secret, std::int64_t step);

/// The step that a code is good for: this one, the one before or the one behind (clocks differ, typing takes time), but
/// none up to `last_used`, so that nobody who looked over a shoulder can use a code again. nullopt where it is good for
/// none. Takes the same time whatever the code.
[[nodiscard]] std::optional<std::int64_t> find_totp_step(const mcdsl::Secret& secret, std::string_view code,
                                                         mcdsl::Clock::WallTime now, std::int64_t last_used);

/// Base32 without padding (RFC 4648 §6): how people type a secret into an app.
[[nodiscard]] std::string base32_encode(std::string_view bytes);

/// What an authenticator app reads: `otpauth://totp/ISSUER:NAME?secret=...&issuer=ISSUER`.
[[nodiscard]] std::string otpauth_uri(std::string_view issuer, std::string_view username, const mcdsl::Secret& secret);

}  // namespace mcias
