#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/secret.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/crypto/hmac_key.h"

namespace mcdsl::csrf {

/// One key of a key file. What it makes is bound to a purpose, a constant text without NUL, so that what was made for
/// one is worth nothing for another. Threads: const methods are safe from any thread.
class Key {
 public:
  /// `bytes` are 32.
  explicit Key(const Secret& bytes) : hmac_(bytes) {}

  [[nodiscard]] crypto::Sha256 code(std::string_view purpose, std::string_view bytes) const;

  /// A key of 32 bytes to seal texts with (crypto::seal).
  [[nodiscard]] Secret seal_key(std::string_view purpose) const;

 private:
  crypto::HmacKey hmac_;
};

/// What is made is made with `current`; what was made with either is accepted.
struct Keys {
  Key current;
  std::optional<Key> previous = std::nullopt;
};

/// The file that holds a service's keys for tokens and cookies. Replicas share it; there are no others.
///
/// It is made on first use, of mode 0600 and with a random key: of several processes that do so at once one makes it
/// and the others read it, never a half of it. `rotate` puts a new key before the last one, which stays good until the
/// next rotation; the other replicas find out when they meet what they cannot tell.
///
/// Threads: all methods are safe from any thread. Lifetime: the clock outlives it.
/// Errors: the constructor and `rotate` throw Exception naming the path: failed_precondition for a file that others may
/// read or write, or that is none of ours; permission_denied, not_found (its folder), internal.
class KeyFile {
 public:
  explicit KeyFile(std::filesystem::path path, const Clock& clock = system_clock());

  [[nodiscard]] std::shared_ptr<const Keys> keys() const;

  /// What the file has now, where it has changed; looked at once a second at most. What cannot be read leaves the keys
  /// there are.
  [[nodiscard]] std::shared_ptr<const Keys> refreshed() const;

  /// Tries the keys there are and, where `accepts` says no to them, those that came meanwhile. `accepts` gets a Key and
  /// returns what converts to bool.
  template <class Accepts>
  [[nodiscard]] auto find(const Accepts& accepts) const {
    const auto known = keys();
    auto found = find_in(*known, accepts);
    if (!found) {
      if (const auto now = refreshed(); now != known) {
        found = find_in(*now, accepts);
      }
    }
    return found;
  }

  /// A new current key; what was signed or sealed before the last rotation is refused from now on.
  void rotate();

 private:
  struct Seen {
    std::int64_t inode = 0;
    std::int64_t modified_ns = 0;
    friend bool operator==(const Seen&, const Seen&) = default;
  };

  template <class Accepts>
  [[nodiscard]] static auto find_in(const Keys& keys, const Accepts& accepts) {
    auto found = accepts(keys.current);
    if (!found && keys.previous) {
      found = accepts(*keys.previous);
    }
    return found;
  }
  [[nodiscard]] Seen look() const noexcept;
  void read() const;

  const std::filesystem::path path_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Keys> keys_;
  mutable Seen seen_;
  mutable std::optional<Clock::SteadyTime> looked_at_;
};

}  // namespace mcdsl::csrf
