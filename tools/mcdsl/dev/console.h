#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace mcdsl::tool {

/// What the person at the terminal reads: our own words, and the lines of each process behind its name.
/// Threads: one at a time.
class Console {
 public:
  /// With colours where `has_colours`.
  Console(std::ostream& out, bool has_colours) : out_(out), has_colours_(has_colours) {}

  /// "==> text"
  void say(std::string_view text);

  /// The text as it is.
  void print(std::string_view text);

  /// Prints the lines that are whole, each behind "label | ", and takes them from the front of `text`; with `is_last`
  /// what is left, too. A line that does not end is cut after 64 KiB.
  void print_lines(std::string_view label, std::string& text, bool is_last);

 private:
  std::ostream& out_;
  bool has_colours_;
};

}  // namespace mcdsl::tool
