#include "highlight.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "languages.h"

namespace mcq {
namespace {

enum class Part : std::uint8_t { keyword, string, comment, number, type };

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A byte of a character beyond ASCII belongs to the word it stands in.
constexpr bool begins_word(char c) {
  constexpr unsigned char kAscii = 0x80;
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= kAscii;
}

constexpr bool is_in_word(char c) {
  return begins_word(c) || is_digit(c);
}

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), [](char c) { return lower(c); });
  return lowered;
}

constexpr std::string_view open_tag(Part part) {
  switch (part) {
    case Part::keyword:
      return R"(<span class="h-k">)";
    case Part::string:
      return R"(<span class="h-s">)";
    case Part::comment:
      return R"(<span class="h-c">)";
    case Part::number:
      return R"(<span class="h-n">)";
    case Part::type:
      break;
  }
  return R"(<span class="h-t">)";
}

class Scanner {
 public:
  Scanner(std::string_view text, const Language& language) : text_(text), language_(language) {}

  std::string run() {
    html_.reserve(text_.size() + text_.size() / 2);
    while (at_ < text_.size()) {
      if (!take_comment() && !take_raw_string() && !take_string() && !take_directive() && !take_variable() &&
          !take_word() && !take_number()) {
        ++at_;  // plain, and written with what follows
      }
    }
    flush(text_.size());
    return std::move(html_);
  }

 private:
  [[nodiscard]] bool stands(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  [[nodiscard]] bool is_at_line_start() const {
    std::size_t before = at_;
    while (before > plain_ && (text_[before - 1] == ' ' || text_[before - 1] == '\t')) {
      --before;
    }
    return before == 0 || text_[before - 1] == '\n';
  }
  [[nodiscard]] std::size_t line_end(std::size_t from) const { return std::min(text_.find('\n', from), text_.size()); }

  void flush(std::size_t end) {
    append_escaped(html_, text_.substr(plain_, end - plain_));
    plain_ = end;
  }

  // Everything from here to `end` is such a part.
  bool take(Part part, std::size_t end) {
    flush(at_);
    html_ += open_tag(part);
    flush(end);
    html_ += "</span>";
    at_ = end;
    return true;
  }

  bool take_comment() {
    for (const std::string_view mark : language_.line_comments) {
      const bool within_word = language_.is_shell && at_ > 0 && text_[at_ - 1] > ' ';
      if (!within_word && stands(mark)) {
        return take(Part::comment, line_end(at_));
      }
    }
    if (language_.block_begin.empty() || !stands(language_.block_begin)) {
      return false;
    }
    const std::size_t end = text_.find(language_.block_end, at_ + language_.block_begin.size());
    return take(Part::comment, end == std::string_view::npos ? text_.size() : end + language_.block_end.size());
  }

  bool take_raw_string() {
    constexpr std::size_t kLongestDelimiter = 16;  // [lex.string]
    constexpr std::string_view kBegin = "R\"";
    if (!language_.has_raw_strings || !stands(kBegin)) {
      return false;
    }
    const std::size_t name = at_ + kBegin.size();
    const std::size_t open = text_.substr(0, std::min(text_.size(), name + kLongestDelimiter + 1)).find('(', name);
    if (open == std::string_view::npos) {
      return false;
    }
    const std::string close = ")" + std::string(text_.substr(name, open - name)) + "\"";
    const std::size_t end = text_.find(close, open);
    return take(Part::string, end == std::string_view::npos ? text_.size() : end + close.size());
  }

  bool take_string() {
    for (const Quote& quote : language_.quotes) {
      if (stands(quote.begin)) {
        return take(Part::string, string_end(quote));
      }
    }
    return false;
  }

  [[nodiscard]] std::size_t string_end(const Quote& quote) const {
    for (std::size_t at = at_ + quote.begin.size(); at < text_.size(); ++at) {
      if (text_[at] == '\\' && quote.escapes) {
        ++at;
      } else if (text_[at] == '\n' && !quote.many_lines) {
        return at;
      } else if (text_.substr(at).starts_with(quote.end)) {
        return at + quote.end.size();
      }
    }
    return text_.size();
  }

  bool take_directive() {
    if (!language_.has_preprocessor || text_[at_] != '#' || !is_at_line_start()) {
      return false;
    }
    std::size_t end = at_ + 1;
    while (end < text_.size() && (text_[end] == ' ' || begins_word(text_[end]))) {
      if (text_[end] == ' ' && end > at_ + 1 && text_[end - 1] != ' ') {
        break;  // behind the directive's name
      }
      ++end;
    }
    return take(Part::keyword, end);
  }

  bool take_variable() {
    constexpr std::size_t kLongestVariable = 200;
    if (!language_.is_shell || text_[at_] != '$' || at_ + 1 == text_.size()) {
      return false;
    }
    std::size_t end = at_ + 1;
    if (text_[end] == '{') {
      const std::size_t length = text_.substr(at_, kLongestVariable).find_first_of("}\n");
      return length != std::string_view::npos && text_[at_ + length] == '}' && take(Part::type, at_ + length + 1);
    }
    while (end < text_.size() && is_in_word(text_[end])) {
      ++end;
    }
    return end > at_ + 1 && take(Part::type, end);
  }

  bool take_word() {
    if (!begins_word(text_[at_])) {
      return false;
    }
    std::size_t end = at_;
    while (end < text_.size() && is_in_word(text_[end])) {
      ++end;
    }
    constexpr std::size_t kLongestWord = 32;
    const std::string_view word = text_.substr(at_, end - at_);
    if (word.size() <= kLongestWord) {
      const std::string lowered = language_.ignores_case ? lower(word) : std::string();
      const std::string_view wanted = language_.ignores_case ? std::string_view(lowered) : word;
      if (std::ranges::binary_search(language_.keywords, wanted)) {
        return take(Part::keyword, end);
      }
      if (std::ranges::binary_search(language_.types, wanted)) {
        return take(Part::type, end);
      }
    }
    at_ = end;
    return true;
  }

  bool take_number() {
    if (!is_digit(text_[at_])) {
      return false;
    }
    // Loose: 0x1F, 1e-9, 1'000, 10ms. A second word of it does no harm.
    std::size_t end = at_;
    while (end < text_.size()) {
      const char c = text_[end];
      const bool is_sign = (c == '-' || c == '+') && lower(text_[end - 1]) == 'e' && !stands("0x");
      const bool is_separator =
          c == '\'' && language_.has_raw_strings && end + 1 < text_.size() && is_digit(text_[end + 1]);
      if (!is_in_word(c) && c != '.' && !is_sign && !is_separator) {
        break;
      }
      ++end;
    }
    return take(Part::number, end);
  }

  std::string_view text_;
  const Language& language_;
  std::size_t at_ = 0;
  std::size_t plain_ = 0;  // all before this is written
  std::string html_;
};

}  // namespace

bool can_highlight(std::string_view language) noexcept {
  return find_language(language) != nullptr;
}

std::string highlight(std::string_view text, std::string_view language) {
  if (const Language* known = find_language(language)) {
    return Scanner(text, *known).run();
  }
  std::string html;
  append_escaped(html, text);
  return html;
}

void append_escaped(std::string& html, std::string_view text) {
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find_first_of("&<>\"'"), text.size());
    html += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) {
      return;
    }
    switch (text.front()) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += "&#39;";
    }
    text.remove_prefix(1);
  }
}

}  // namespace mcq
