#include "mcdsl/web/internal/js_context.h"

#include <algorithm>
#include <array>

#include "mcdsl/web/internal/placement_error.h"

namespace mcdsl::web::internal {
namespace {

constexpr std::size_t kDeepestLiteral = 8;

// Words that an operand follows (ECMA-262 §12.7.2), and so a regular expression may.
constexpr std::array<std::string_view, 15> kOperators{"return", "typeof",     "case",  "do",    "else",
                                                      "in",     "instanceof", "new",   "void",  "delete",
                                                      "throw",  "of",         "yield", "await", "extends"};

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

constexpr bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         c == '#' || c == '@' || static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

void JsContext::end_word() noexcept {
  if (word_.empty()) {
    return;
  }
  next_ = !after_dot_ && std::ranges::find(kOperators, word_) != kOperators.end() ? Next::operand : Next::infix;
  if (!after_dot_ && word_ == "return") {
    next_ = Next::value;
  }
  after_dot_ = false;
  word_.clear();
}

void JsContext::read_slash(char c) {
  if (c == '/') {
    mode_ = Mode::line_comment;
  } else if (c == '*') {
    mode_ = Mode::block_comment;
    star_ = false;
  } else if (next_ == Next::unclear) {
    mode_ = Mode::lost;
  } else if (next_ == Next::infix) {
    mode_ = Mode::code;
    next_ = Next::operand;
    last_ = '/';
  } else {
    mode_ = Mode::regexp;
    escaped_ = false;
  }
}

void JsContext::read_code(char c, std::size_t offset) {
  if (is_word(c)) {
    word_.push_back(c);
    last_ = c;
    return;
  }
  end_word();
  if (is_space(c)) {
    last_ = ' ';
    return;
  }
  const char before = last_;
  last_ = c;
  switch (c) {
    case '/':
      after_dot_ = false;
      mode_ = Mode::slash;
      return;
    case '"':
    case '\'':
      after_dot_ = false;
      mode_ = c == '"' ? Mode::double_quoted : Mode::single_quoted;
      return;
    case '`':
      if (literals_.size() == kDeepestLiteral) {
        throw PlacementError{offset, "too many template literals within each other"};
      }
      literals_.push_back(0);
      mode_ = Mode::template_literal;
      return;
    case '=':
    case '(':
    case '[':
    case ',':
    case ':':
    case '?':
      next_ = Next::value;
      break;
    case ']':
      next_ = Next::infix;
      break;
    case ')':
      next_ = Next::unclear;
      break;
    case '{':
      if (!literals_.empty()) {
        ++literals_.back();
      }
      next_ = Next::operand;
      break;
    case '}':
      if (!literals_.empty() && literals_.back() == 0) {
        mode_ = Mode::template_literal;
        return;
      }
      if (!literals_.empty()) {
        --literals_.back();
      }
      next_ = Next::unclear;
      break;
    case '.':
      next_ = Next::unclear;  // a member's name, or a number's end
      after_dot_ = true;
      return;
    case '\\':
      mode_ = Mode::lost;
      return;
    case '+':
    case '-':
      next_ = before == c ? Next::unclear : Next::operand;
      break;
    default:
      next_ = Next::operand;
      // A line that begins with "-->" is a comment in a page (ECMA-262 §B.1.1).
      if (c == '>' && before == '-') {
        mode_ = Mode::lost;
      }
      break;
  }
  after_dot_ = false;
}

void JsContext::read(std::string_view text, std::size_t base) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("\xE2\x80\xA8") || rest.starts_with("\xE2\x80\xA9")) {
      throw PlacementError{base + i, "U+2028 and U+2029 end a line in a script: write them as escapes"};
    }
    const bool newline = c == '\n' || c == '\r';
    switch (mode_) {
      case Mode::slash:
        read_slash(c);
        if (mode_ == Mode::code || mode_ == Mode::regexp) {
          --i;  // not part of the slash
        }
        break;
      case Mode::code:
        read_code(c, base + i);
        break;
      case Mode::line_comment:
        if (newline) {
          mode_ = Mode::code;
          last_ = ' ';
        }
        break;
      case Mode::block_comment:
        if (star_ && c == '/') {
          mode_ = Mode::code;
          last_ = ' ';
        }
        star_ = c == '*';
        break;
      case Mode::double_quoted:
      case Mode::single_quoted:
        if (escaped_) {
          escaped_ = false;
        } else if (c == '\\') {
          escaped_ = true;
        } else if (newline) {
          throw PlacementError{base + i, "a string in a script is not closed on its line"};
        } else if (c == (mode_ == Mode::double_quoted ? '"' : '\'')) {
          mode_ = Mode::code;
          next_ = Next::infix;
        }
        break;
      case Mode::template_literal:
        if (escaped_) {
          escaped_ = false;
        } else if (c == '\\') {
          escaped_ = true;
        } else if (c == '`') {
          literals_.pop_back();
          mode_ = Mode::code;
          next_ = Next::infix;
        } else if (rest.starts_with("${")) {
          ++i;
          mode_ = Mode::code;
          next_ = Next::operand;
        }
        break;
      case Mode::regexp:
      case Mode::regexp_class:
        if (newline) {
          throw PlacementError{base + i, "a regular expression in a script is not closed on its line"};
        }
        if (escaped_) {
          escaped_ = false;
        } else if (c == '\\') {
          escaped_ = true;
        } else if (c == '[') {
          mode_ = Mode::regexp_class;
        } else if (c == ']') {
          mode_ = Mode::regexp;
        } else if (c == '/' && mode_ == Mode::regexp) {
          mode_ = Mode::code;
          word_.assign(1, '/');  // its flags go on with it, and are no keyword
        }
        break;
      case Mode::lost:
        return;
    }
  }
}

void JsContext::boundary(std::size_t offset) {
  if (!literals_.empty()) {
    throw PlacementError{offset, "a directive cannot stand in a template literal"};
  }
  switch (mode_) {
    case Mode::code:
      if (!word_.empty()) {  // it may go on behind the directive
        end_word();
        next_ = next_ == Next::value ? Next::value : Next::unclear;
      }
      after_dot_ = false;
      last_ = '\0';
      return;
    case Mode::double_quoted:
    case Mode::single_quoted:
      if (escaped_) {
        throw PlacementError{offset, "a directive cannot stand behind a backslash"};
      }
      return;
    case Mode::slash:
      throw PlacementError{offset, "a directive cannot stand behind a slash in a script"};
    case Mode::line_comment:
    case Mode::block_comment:
      throw PlacementError{offset, "a directive cannot stand in a comment of a script"};
    case Mode::template_literal:
    case Mode::regexp:
    case Mode::regexp_class:
      throw PlacementError{offset, "a directive cannot stand in a regular expression"};
    case Mode::lost:
      throw PlacementError{offset,
                           "a slash before this may be a division or begin a regular expression: give the script its "
                           "data in a <script type=\"application/json\">"};
  }
}

bool JsContext::value_is_in_string(std::size_t offset) {
  if (mode_ != Mode::code) {
    return true;
  }
  if (next_ != Next::value) {
    throw PlacementError{offset,
                         "in a script a value stands within quotes, or as data behind one of = ( [ , : ? and return"};
  }
  next_ = Next::infix;
  return false;
}

void JsContext::finish(std::size_t offset) const {
  const bool whole = (mode_ == Mode::code && literals_.empty()) || mode_ == Mode::line_comment || mode_ == Mode::lost ||
                     mode_ == Mode::slash;
  if (!whole) {
    throw PlacementError{offset, "a script ends within a string, a comment or a regular expression"};
  }
}

bool JsContext::join(const JsContext& other) noexcept {
  JsContext same = other;
  same.next_ = next_;
  same.last_ = last_;
  if (*this != same) {
    return false;
  }
  if (next_ != other.next_) {
    next_ = Next::unclear;
  }
  last_ = '\0';
  return true;
}

}  // namespace mcdsl::web::internal
