#include "mcdsl/web/internal/template_text.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"

namespace mcdsl::web::internal {
namespace {

constexpr std::size_t kDeepest = 32;  // sections within each other
constexpr std::array<std::string_view, 10> kReserved{"if",      "else",   "end",   "for",   "in",
                                                     "include", "layout", "block", "asset", "not"};

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_identifier(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

bool is_blank(std::string_view text) {
  return std::ranges::all_of(text, is_space);
}

std::size_t count_lines(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while (true) {
    while (at < text.size() && is_space(text[at])) {
      ++at;
    }
    std::size_t end = at;
    while (end < text.size() && !is_space(text[end])) {
      ++end;
    }
    if (at == end) {
      return words;
    }
    words.push_back(text.substr(at, end - at));
    at = end;
  }
}

class Parser {
 public:
  Parser(std::string_view name, std::string_view text) : text_(text) { parsed_.name = name; }

  ParsedTemplate run();

 private:
  // A section that waits for its {{end}}.
  struct Open {
    Node node;
    bool in_else = false;
    bool ends_with_outer = false;  // "else if": its {{end}} is that of the condition around it
  };

  [[noreturn]] void fail_at(std::size_t line, std::string_view what) const { refuse(parsed_.name, line, what); }
  void add(Node node);
  void add_text(std::string_view text);
  void directive(std::string_view inside);
  void open(Node node, bool ends_with_outer = false);
  void take_else(const std::vector<std::string_view>& words);
  void take_end();
  void take_layout(const std::vector<std::string_view>& words);
  [[nodiscard]] Node condition(const std::vector<std::string_view>& words, std::size_t from) const;
  [[nodiscard]] Node loop(const std::vector<std::string_view>& words) const;
  [[nodiscard]] Node named(Node::Kind kind, const std::vector<std::string_view>& words, std::string_view what) const;
  [[nodiscard]] std::vector<std::string> path(std::string_view text) const;
  void check_blocks() const;

  std::string_view text_;
  std::size_t line_ = 1;
  std::vector<Open> open_;
  ParsedTemplate parsed_;
};

void Parser::add(Node node) {
  if (open_.empty()) {
    parsed_.nodes.push_back(std::move(node));
  } else {
    Open& section = open_.back();
    (section.in_else ? section.node.otherwise : section.node.body).push_back(std::move(node));
  }
}

void Parser::add_text(std::string_view text) {
  if (!text.empty()) {
    add({.kind = Node::Kind::text, .line = line_, .name = std::string(text)});
    line_ += count_lines(text);
  }
}

std::vector<std::string> Parser::path(std::string_view text) const {
  std::vector<std::string> names;
  std::string_view rest = text;
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view name = rest.substr(0, dot);
    if (!is_identifier(name)) {
      fail_at(line_, "'" + printable(text, 60) + "' is neither a directive nor a variable");
    }
    names.emplace_back(name);
    if (dot == std::string_view::npos) {
      break;
    }
    rest.remove_prefix(dot + 1);
  }
  if (std::ranges::find(kReserved, names.front()) != kReserved.end()) {
    fail_at(line_, "'" + names.front() + "' stands where a variable should");
  }
  return names;
}

Node Parser::condition(const std::vector<std::string_view>& words, std::size_t from) const {
  const bool negated = words.size() > from && words[from] == "not";
  const std::size_t at = from + (negated ? 1 : 0);
  if (words.size() != at + 1) {
    fail_at(line_, "a condition is {{if name}} or {{if not name}}");
  }
  return {.kind = Node::Kind::condition, .negated = negated, .line = line_, .path = path(words[at])};
}

Node Parser::loop(const std::vector<std::string_view>& words) const {
  if (words.size() != 4 || words[2] != "in" || !is_identifier(words[1]) ||
      std::ranges::find(kReserved, words[1]) != kReserved.end()) {
    fail_at(line_, "a loop is {{for name in names}}");
  }
  return {.kind = Node::Kind::loop, .line = line_, .name = std::string(words[1]), .path = path(words[3])};
}

Node Parser::named(Node::Kind kind, const std::vector<std::string_view>& words, std::string_view what) const {
  if (words.size() != 2 || !is_file_name(words[1])) {
    fail_at(line_, "{{" + std::string(words[0]) + "}} wants " + std::string(what));
  }
  return {.kind = kind, .line = line_, .name = std::string(words[1])};
}

void Parser::open(Node node, bool ends_with_outer) {
  if (open_.size() == kDeepest) {
    fail_at(line_, "more than " + std::to_string(kDeepest) + " sections stand within each other");
  }
  open_.push_back({.node = std::move(node), .ends_with_outer = ends_with_outer});
}

void Parser::take_else(const std::vector<std::string_view>& words) {
  if (open_.empty() || open_.back().in_else || open_.back().node.kind == Node::Kind::block) {
    fail_at(line_, "{{else}} belongs into an {{if}} or a {{for}}, once");
  }
  open_.back().in_else = true;
  if (words.size() == 1) {
    return;
  }
  if (words[1] != "if" || open_.back().node.kind != Node::Kind::condition) {
    fail_at(line_, "'" + printable(words[1], 60) + "' stands behind {{else}}");
  }
  open(condition(words, 2), true);
}

void Parser::take_end() {
  if (open_.empty()) {
    fail_at(line_, "{{end}} without a section that it ends");
  }
  bool goes_on = true;
  while (goes_on) {
    Open done = std::move(open_.back());
    open_.pop_back();
    goes_on = done.ends_with_outer;
    add(std::move(done.node));
  }
}

void Parser::take_layout(const std::vector<std::string_view>& words) {
  const auto is_text = [](const Node& node) { return node.kind == Node::Kind::text && is_blank(node.name); };
  if (!parsed_.layout.empty() || !open_.empty() || !std::ranges::all_of(parsed_.nodes, is_text)) {
    fail_at(line_, "{{layout}} stands once, at the top");
  }
  parsed_.layout = named(Node::Kind::include, words, "the name of a template").name;
  parsed_.layout_line = line_;
}

void Parser::directive(std::string_view inside) {
  const std::vector<std::string_view> words = words_of(inside);
  if (words.empty()) {
    fail_at(line_, "{{}} is empty");
  }
  const std::string_view first = words[0];
  if (first == "if") {
    open(condition(words, 1));
  } else if (first == "for") {
    open(loop(words));
  } else if (first == "block") {
    open(named(Node::Kind::block, words, "a name"));
  } else if (first == "else") {
    take_else(words);
  } else if (first == "end" && words.size() == 1) {
    take_end();
  } else if (first == "layout") {
    take_layout(words);
  } else if (first == "include") {
    add(named(Node::Kind::include, words, "the name of a template"));
  } else if (first == "asset") {
    add(named(Node::Kind::asset, words, "the name of an asset"));
  } else if (words.size() == 1) {
    add({.kind = Node::Kind::value, .line = line_, .path = path(first)});
  } else {
    fail_at(line_, "'" + printable(first, 60) + "' is no directive");
  }
}

// What fills a layout is its blocks; text beside them would be lost without a word.
void Parser::check_blocks() const {
  std::vector<std::string_view> names;
  for (const Node& node : parsed_.nodes) {
    if (node.kind == Node::Kind::block) {
      if (std::ranges::find(names, node.name) != names.end()) {
        fail_at(node.line, "the block '" + node.name + "' is there twice");
      }
      names.push_back(node.name);
    } else if (node.kind != Node::Kind::text || !is_blank(node.name)) {
      const auto first = std::ranges::find_if_not(node.name, is_space);
      const auto lines = node.kind == Node::Kind::text ? std::count(node.name.begin(), first, '\n') : 0;
      fail_at(node.line + static_cast<std::size_t>(lines),
              "beside the blocks that fill the layout there is something else");
    }
  }
}

// A directive alone on its line leaves no empty line behind; one that puts out something stays where it is.
bool is_silent(std::string_view inside) {
  const std::vector<std::string_view> words = words_of(inside);
  constexpr std::array<std::string_view, 7> kSilent{"if", "for", "block", "else", "end", "layout", "include"};
  return inside.starts_with('#') || (!words.empty() && std::ranges::find(kSilent, words[0]) != kSilent.end());
}

ParsedTemplate Parser::run() {
  std::size_t at = 0;
  while (true) {
    const std::size_t begin = text_.find("{{", at);
    if (begin == std::string_view::npos) {
      add_text(text_.substr(at));
      break;
    }
    const std::size_t end = text_.find("}}", begin + 2);
    if (end == std::string_view::npos) {
      fail_at(line_ + count_lines(text_.substr(at, begin - at)), "{{ is not closed");
    }
    const std::string_view inside = text_.substr(begin + 2, end - begin - 2);
    std::size_t text_end = begin;
    std::size_t next = end + 2;
    if (is_silent(inside)) {
      const std::size_t newline_before = begin == 0 ? std::string_view::npos : text_.rfind('\n', begin - 1);
      const std::size_t line_begin = newline_before == std::string_view::npos ? 0 : newline_before + 1;
      const std::size_t newline = text_.find('\n', next);
      const std::size_t line_end = newline == std::string_view::npos ? text_.size() : newline;
      // Not before `at`: what stands there belongs to another directive.
      if (line_begin >= at && is_blank(text_.substr(line_begin, begin - line_begin)) &&
          is_blank(text_.substr(next, line_end - next))) {
        text_end = line_begin;
        next = newline == std::string_view::npos ? text_.size() : newline + 1;
      }
    }
    add_text(text_.substr(at, text_end - at));
    if (!inside.starts_with('#')) {
      directive(inside);
    }
    line_ += count_lines(text_.substr(begin, next - begin));
    at = next;
  }
  if (!open_.empty()) {
    fail_at(open_.back().node.line, "this section is not closed: {{end}} is missing");
  }
  if (!parsed_.layout.empty()) {
    check_blocks();
  }
  parsed_.lines = 1 + count_lines(text_.substr(0, text_.empty() ? 0 : text_.size() - 1));
  return std::move(parsed_);
}

}  // namespace

void refuse(std::string_view file, std::size_t line, std::string_view what) {
  throw Exception(Code::failed_precondition, std::string(file) + ":" + std::to_string(line) + ": " + std::string(what));
}

bool is_file_name(std::string_view name) noexcept {
  bool at_start = true;  // of a part; none begins with a dot, so that none is ".."
  for (const char c : name) {
    const bool within = !at_start && (c == '-' || c == '.' || c == '/');
    if (!within && !is_letter(c) && !is_digit(c)) {
      return false;
    }
    at_start = c == '/';
  }
  return !at_start;
}

ParsedTemplate parse_template(std::string_view name, std::string_view text) {
  return Parser(name, text).run();
}

}  // namespace mcdsl::web::internal
