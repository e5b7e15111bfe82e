#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mcdsl::web::internal {

/// A second reader of HTML, written from the tokenizer of the standard (HTML §13.2.5) and not from Placement: tests
/// hold the one against the other.
struct HtmlToken {
  std::string name{};                                             ///< "a", "/a", "!--", "!" (doctype); empty for text
  std::vector<std::pair<std::string, std::string>> attributes{};  ///< values with their references in place
  std::string text{};                                             ///< of text and comments
};

class HtmlTokenizer {
 public:
  static std::vector<HtmlToken> run(std::string_view html) {
    HtmlTokenizer tokenizer(html);
    tokenizer.all();
    return std::move(tokenizer.tokens_);
  }

 private:
  explicit HtmlTokenizer(std::string_view html) : html_(html) {}

  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
  static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
  static bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

  [[nodiscard]] bool at(std::string_view what) const {
    return html_.size() - at_ >= what.size() &&
           std::ranges::equal(html_.substr(at_, what.size()), what, {}, lower, lower);
  }
  void text(std::size_t size) {
    if (tokens_.empty() || !tokens_.back().name.empty()) {
      tokens_.emplace_back();
    }
    tokens_.back().text.append(html_.substr(at_, size));
    at_ += size;
  }

  void all() {
    while (at_ < html_.size()) {
      const char next = at_ + 1 < html_.size() ? html_[at_ + 1] : '\0';
      const char third = at_ + 2 < html_.size() ? html_[at_ + 2] : '\0';
      if (html_[at_] != '<') {
        text(std::min(html_.find('<', at_), html_.size()) - at_);
      } else if (is_letter(next)) {
        ++at_;
        tag("");
      } else if (next == '/' && is_letter(third)) {
        at_ += 2;
        tag("/");
      } else if (next == '!' || next == '?' || (next == '/' && third != '\0')) {
        declaration();
      } else {
        text(1);
      }
    }
  }

  void declaration() {
    if (at("<!--")) {
      std::size_t end = html_.find("-->", at_ + 2);  // "<!-->" is whole
      std::size_t size = 3;
      if (const std::size_t other = html_.find("--!>", at_ + 4); other < end) {
        end = other;
        size = 4;
      }
      const std::size_t begin = std::min(at_ + 4, html_.size());
      end = std::min(end, html_.size());
      tokens_.push_back({.name = "!--", .text = std::string(html_.substr(begin, end > begin ? end - begin : 0))});
      at_ = std::min(end + size, html_.size());
      return;
    }
    const std::size_t end = std::min(html_.find('>', at_), html_.size());
    tokens_.push_back({.name = at("<!doctype") ? "!" : "!--", .text = std::string(html_.substr(at_, end - at_))});
    at_ = std::min(end + 1, html_.size());
  }

  void tag(std::string_view slash) {
    HtmlToken token{.name = std::string(slash)};
    while (at_ < html_.size() && !is_space(html_[at_]) && html_[at_] != '/' && html_[at_] != '>') {
      token.name.push_back(lower(html_[at_++]));
    }
    while (at_ < html_.size() && html_[at_] != '>') {
      if (is_space(html_[at_]) || html_[at_] == '/') {
        ++at_;
      } else {
        token.attributes.push_back(attribute());
      }
    }
    at_ = std::min(at_ + 1, html_.size());
    tokens_.push_back(token);
    if (slash.empty()) {
      element_text(token.name);
    }
  }

  std::pair<std::string, std::string> attribute() {
    std::pair<std::string, std::string> found;
    do {
      found.first.push_back(lower(html_[at_++]));
    } while (at_ < html_.size() && !is_space(html_[at_]) &&
             std::string_view("/>=").find(html_[at_]) == std::string_view::npos);
    std::size_t behind = at_;
    while (behind < html_.size() && is_space(html_[behind])) {
      ++behind;
    }
    if (behind == html_.size() || html_[behind] != '=') {
      return found;
    }
    at_ = behind + 1;
    while (at_ < html_.size() && is_space(html_[at_])) {
      ++at_;
    }
    if (at_ < html_.size() && (html_[at_] == '"' || html_[at_] == '\'')) {
      const std::size_t end = std::min(html_.find(html_[at_], at_ + 1), html_.size());
      found.second = html_.substr(at_ + 1, end - at_ - 1);
      at_ = std::min(end + 1, html_.size());
    } else {
      while (at_ < html_.size() && !is_space(html_[at_]) && html_[at_] != '>') {
        found.second.push_back(html_[at_++]);
      }
    }
    return found;
  }

  [[nodiscard]] bool ends(std::string_view element) const {
    const std::size_t behind = at_ + 2 + element.size();
    return at("</" + std::string(element)) &&
           (behind >= html_.size() || is_space(html_[behind]) || html_[behind] == '/' || html_[behind] == '>');
  }

  // Text that is no markup, up to the end tag.
  void element_text(const std::string& element) {
    constexpr std::string_view kElements = " script style title textarea xmp iframe noembed noframes ";
    if (element == "plaintext") {
      text(html_.size() - at_);
    }
    if (kElements.find(" " + element + " ") == std::string_view::npos) {
      return;
    }
    bool escaped = false;  // §13.2.5.18: a script behind "<!--"
    bool twice = false;    // and there, behind "<script"
    while (at_ < html_.size()) {
      const bool ended = html_[at_] == '<' && ends(element);
      if (ended && !twice) {
        return;
      }
      if (element == "script") {
        twice = escaped && !ended && (twice || at("<script"));
        escaped = (escaped || at("<!--")) && !at("-->");
      }
      // Nothing but these begins what counts.
      text(std::max<std::size_t>(std::min(html_.find_first_of("<-", at_ + 1), html_.size()) - at_, 1));
    }
  }

  std::string_view html_;
  std::size_t at_ = 0;
  std::vector<HtmlToken> tokens_;
};

/// What no value may change: elements and the names of their attributes, in their order, and where text stands.
inline std::string structure_of(std::string_view html) {
  std::string out;
  for (const HtmlToken& token : HtmlTokenizer::run(html)) {
    if (!token.name.empty()) {
      out.append("<").append(token.name);
      for (const auto& [name, value] : token.attributes) {
        out.append(" ").append(name);
      }
      out.append(">");
    }
  }
  return out;
}

}  // namespace mcdsl::web::internal
