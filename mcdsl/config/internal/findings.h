#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mcdsl::config::internal {

/// What is wrong with a configuration, gathered so that the operator sees all of it at once.
class Findings {
 public:
  /// `where` is a place ("notes.toml:3:1", "NOTES_LOG_LEVEL") and `key` a path; each may be empty. Control characters
  /// are escaped, so nothing quoted can forge a line. Past a hundred findings they are only counted: a file that is not
  /// a configuration at all should not fill the screen.
  void add(std::string_view where, std::string_view key, std::string_view message);

  /// Whether more findings will be kept: a costly one ("did you mean") need not be worked out otherwise.
  [[nodiscard]] bool has_room() const noexcept { return lines_.size() < kLimit; }

  /// Whether anything was found about a key.
  [[nodiscard]] bool names(std::string_view key) const { return keys_.contains(key); }

  [[nodiscard]] std::vector<std::string> take() &&;

 private:
  static constexpr std::size_t kLimit = 100;

  std::vector<std::string> lines_;
  std::size_t dropped_ = 0;
  std::set<std::string, std::less<>> keys_;
};

}  // namespace mcdsl::config::internal
