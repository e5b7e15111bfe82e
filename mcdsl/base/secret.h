#pragma once

#include <string>
#include <string_view>

namespace mcdsl {

/// A value that must not be seen: a password, a key, a token. It cannot be formatted or compared by accident, and its
/// memory is overwritten when it is destroyed, moved from or assigned over. `reveal()` is the one way to its text.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text);
  Secret(const Secret& other) : Secret(std::string(other.reveal())) {}
  Secret(Secret&& other) noexcept;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  [[nodiscard]] std::string_view reveal() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

  /// Equal in constant time for texts of equal length.
  [[nodiscard]] bool matches(std::string_view candidate) const noexcept;

 private:
  std::string text_;
};

/// Overwrites the text's memory and empties it, in a way the compiler may not remove.
void wipe(std::string& text) noexcept;

}  // namespace mcdsl
