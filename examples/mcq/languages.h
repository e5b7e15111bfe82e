#pragma once

#include <span>
#include <string_view>

namespace mcq {

using Words = std::span<const std::string_view>;

/// How a string begins and ends.
struct Quote {
  std::string_view begin;
  std::string_view end;
  bool escapes = true;      // a backslash takes the next character along
  bool many_lines = false;  // otherwise the end of the line ends it, too
};

/// What a scanner of words has to know of a language.
struct Language {
  Words names;
  Words keywords;
  Words types;
  Words line_comments{};
  std::string_view block_begin{};
  std::string_view block_end{};
  std::span<const Quote> quotes{};  // what begins with another stands before it
  bool ignores_case = false;
  bool has_raw_strings = false;   // R"x(...)x"
  bool has_preprocessor = false;  // #include
  bool is_shell = false;          // $HOME, and a '#' within a word
};

/// By any of its names, in whatever case; null for one that is not known.
[[nodiscard]] const Language* find_language(std::string_view name) noexcept;

}  // namespace mcq
