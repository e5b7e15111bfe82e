#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mcdsl::web::internal {

/// Where the reader stands in a script, or in JSON: just enough of ECMAScript's grammar (ECMA-262 §12) to tell code
/// from strings. Where a slash may be a division or begin a regular expression, it does not guess: from there to the
/// end of the script nothing can be placed.
class JsContext {
 public:
  /// `is_json`: a value may stand at the very beginning.
  explicit JsContext(bool is_json = false) noexcept : next_(is_json ? Next::value : Next::operand) {}

  /// Reads text of the template. Throws PlacementError; `base` is the offset of the text.
  void read(std::string_view text, std::size_t base);

  /// A directive stands here. Throws PlacementError, with `offset`, where none can.
  void boundary(std::size_t offset);

  /// A value stands here (after `boundary`): whether as a part of a quoted string, or else as a JSON value. Throws.
  [[nodiscard]] bool value_is_in_string(std::size_t offset);

  /// The script ends here. Throws PlacementError where it is within something.
  void finish(std::size_t offset) const;

  /// What holds after either of two branches. False where they are too different.
  [[nodiscard]] bool join(const JsContext& other) noexcept;

  bool operator==(const JsContext&) const = default;

 private:
  enum class Mode : std::uint8_t {
    code,
    slash,  // read in code; what it is, the next character says
    line_comment,
    block_comment,
    double_quoted,
    single_quoted,
    template_literal,
    regexp,
    regexp_class,
    lost,  // nobody knows
  };
  // What the grammar wants next in code.
  enum class Next : std::uint8_t {
    value,    // an operand, behind a character that only one can follow: '=', '(', ',' ...
    operand,  // the same, but behind something else
    infix,    // behind an operand
    unclear,  // behind ')', '}', "++": either
  };

  void read_code(char c, std::size_t offset);
  void read_slash(char c);
  void end_word() noexcept;

  Mode mode_ = Mode::code;
  Next next_;
  bool escaped_ = false;               // behind a backslash
  bool star_ = false;                  // in a block comment, behind a '*'
  bool after_dot_ = false;             // a word here is a name, never a keyword
  char last_ = '\0';                   // the character before, in code; 0 behind a directive
  std::string word_;                   // a name or number that is being read
  std::vector<std::size_t> literals_;  // template literals that are open around this code: the depth of braces in each
};

}  // namespace mcdsl::web::internal
