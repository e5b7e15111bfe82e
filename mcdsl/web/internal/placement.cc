#include "mcdsl/web/internal/placement.h"

#include <algorithm>
#include <utility>

#include "mcdsl/http/headers.h"
#include "mcdsl/web/internal/placement_error.h"

namespace mcdsl::web::internal {
namespace {

constexpr bool is_space(char c) {  // HTML's: no vertical tab
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr bool is_name_character(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ':' || c == '.';
}

// Of attributes: what scripting libraries use, too.
constexpr bool is_attribute_character(char c) {
  return is_name_character(c) || c == '@' || c == '#' || c == '*' || c == '[' || c == ']' || c == '(' || c == ')';
}

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && http::equal_ignoring_case(text.substr(0, start.size()), start);
}

[[noreturn]] void fail(std::size_t at, std::string what) {
  throw PlacementError{at, std::move(what)};
}

// Whether the text could become `whole` if more followed.
bool may_become(std::string_view text, std::string_view whole) {
  return text.size() < whole.size() && http::equal_ignoring_case(text, whole.substr(0, text.size()));
}

}  // namespace

void Placement::read(std::string_view text) {
  partial_ = false;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] == '\0') {
      fail(at, "a NUL");
    }
    switch (state_) {
      case State::text:
        at = read_text(text, at);
        break;
      case State::tag_open:
        at = read_tag_open(text, at);
        break;
      case State::tag_name:
      case State::end_tag_name:
        at = read_name(text, at);
        break;
      case State::end_tag:
        at = read_end_tag(text, at);
        break;
      case State::tag:
      case State::self_closing:
        at = read_tag(text, at);
        break;
      case State::attribute_name:
      case State::after_name:
        at = read_attribute_name(text, at);
        break;
      case State::before_value:
        at = read_before_value(text, at);
        break;
      case State::double_quoted:
      case State::single_quoted:
      case State::unquoted:
        at = read_value(text, at);
        break;
      case State::comment:
      case State::doctype:
        at = read_comment(text, at);
        break;
      case State::rcdata:
      case State::raw_text:
      case State::script:
        at = read_element_text(text, at);
        break;
    }
  }
}

std::size_t Placement::read_text(std::string_view text, std::size_t at) {
  const std::size_t open = text.find('<', at);
  const std::size_t end = open == std::string_view::npos ? text.size() : open;
  if (const std::size_t nul = text.substr(0, end).find('\0', at); nul != std::string_view::npos) {
    fail(nul, "a NUL");
  }
  if (end == text.size()) {
    return end;
  }
  state_ = State::tag_open;
  partial_ = open + 1 == text.size();
  return open + 1;
}

std::size_t Placement::read_tag_open(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (is_letter(rest.front())) {
    state_ = State::tag_name;
    return at;
  }
  if (rest.front() == '/') {
    if (rest.size() < 2 || !is_letter(rest[1])) {
      fail(at, "'</' without the name of an element");
    }
    state_ = State::end_tag_name;
    return at + 1;
  }
  if (rest.starts_with("!--")) {
    if (rest.substr(3).starts_with('>') || rest.substr(3).starts_with("->")) {
      fail(at, "a comment that ends as it begins");
    }
    state_ = State::comment;
    return at + 3;
  }
  if (starts_with_ignoring_case(rest, "!doctype")) {
    state_ = State::doctype;
    return at + 8;
  }
  if (rest.front() == '!' || rest.front() == '?') {
    fail(at, "'<" + std::string(rest.substr(0, 1)) + "' begins neither a comment nor a doctype");
  }
  state_ = State::text;  // a '<' like any other character
  return at;
}

std::size_t Placement::read_name(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (is_name_character(c)) {
    element_.push_back(lower(c));
    return at + 1;
  }
  if (!is_space(c) && c != '/' && c != '>') {
    fail(at, "the name of an element holds something else than letters, digits and '-'");
  }
  state_ = state_ == State::tag_name ? State::tag : State::end_tag;
  needs_space_ = false;
  return at;
}

std::size_t Placement::read_end_tag(std::string_view text, std::size_t at) {
  if (text[at] == '>') {
    close_end_tag(at);
  } else if (!is_space(text[at])) {
    fail(at, "an end tag has no attributes");
  }
  return at + 1;
}

std::size_t Placement::read_tag(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c == '>') {
    close_start_tag(at, state_ == State::self_closing);
    return at + 1;
  }
  if (state_ == State::self_closing) {
    fail(at, "a slash within a tag");
  }
  if (c == '/') {
    state_ = State::self_closing;
    return at + 1;
  }
  if (is_space(c)) {
    needs_space_ = false;
    return at + 1;
  }
  if (needs_space_) {
    fail(at, "a space is missing before an attribute");
  }
  if (!is_attribute_character(c)) {
    fail(at, "an attribute begins with something else than a letter");
  }
  state_ = State::attribute_name;
  attribute_.clear();
  return at;
}

std::size_t Placement::read_attribute_name(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (state_ == State::attribute_name && is_attribute_character(c)) {
    attribute_.push_back(lower(c));
    return at + 1;
  }
  if (c == '=') {
    begin_attribute(at);
    return at + 1;
  }
  if (is_space(c)) {
    state_ = State::after_name;
    return at + 1;
  }
  if (state_ == State::attribute_name && c != '/' && c != '>') {
    fail(at, "the name of an attribute holds a quote or the like");
  }
  end_name(at);  // without a value
  return at;
}

void Placement::end_name(std::size_t at) {
  kind_ = attribute_kind(element_, attribute_);
  fact_.clear();
  note_fact(at);
  attribute_.clear();
  kind_ = AttributeKind::text;
  state_ = State::tag;
  needs_space_ = false;
}

void Placement::begin_attribute(std::size_t /*at*/) {
  kind_ = attribute_kind(element_, attribute_);
  url_ = Url::nothing;
  js_ = JsContext(true);
  state_ = State::before_value;
}

std::size_t Placement::read_before_value(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (is_space(c)) {
    return at + 1;
  }
  if (c == '"' || c == '\'') {
    state_ = c == '"' ? State::double_quoted : State::single_quoted;
    return at + 1;
  }
  if (c == '>') {
    fail(at, "the attribute " + attribute_ + " has no value behind its '='");
  }
  state_ = State::unquoted;
  return at;
}

std::size_t Placement::read_value(std::string_view text, std::size_t at) {
  const char quote = state_ == State::double_quoted ? '"' : '\'';
  std::size_t end = at;
  while (end < text.size() &&
         (state_ == State::unquoted ? !is_space(text[end]) && text[end] != '>' : text[end] != quote)) {
    if (text[end] == '\0' ||
        (state_ == State::unquoted && std::string_view("\"'`<=").find(text[end]) != std::string_view::npos)) {
      fail(end, "the attribute " + attribute_ + " needs quotes");
    }
    ++end;
  }
  const std::string_view value = text.substr(at, end - at);
  if (kind_ == AttributeKind::url || kind_ == AttributeKind::local_url) {
    read_url(value, at);
  } else if (kind_ == AttributeKind::json) {
    read_json(value, at);
  } else if (kind_ == AttributeKind::decides || (element_ == "meta" && attribute_ == "name")) {
    fact_.append(value);
  }
  if (end == text.size()) {
    return end;
  }
  end_attribute(end);
  return state_ == State::tag && text[end] == quote ? end + 1 : end;
}

// What the browser will do with the rest of the element hangs on some attributes of script and meta.
void Placement::note_fact(std::size_t at) {
  std::ranges::transform(fact_, fact_.begin(), lower);
  if (element_ == "script" && attribute_ == "type") {
    if (has_type_) {
      fail(at, "two types for one script");
    }
    has_type_ = true;
    type_ = http::trim(std::string_view(fact_).substr(0, fact_.find(';')));
  } else if (element_ == "meta" && attribute_ == "name") {
    meta_name_ = fact_;
  } else if (element_ == "meta" && attribute_ == "http-equiv") {
    is_refresh_ = true;
  }
}

void Placement::end_attribute(std::size_t at) {
  if (has_value_ && is_odd_json_) {
    fail(at,
         "the attribute " + attribute_ + " holds a value, so it is JSON: in single quotes, from '{' on, without '&'");
  }
  note_fact(at);
  const bool quoted = state_ != State::unquoted;
  fact_.clear();
  attribute_.clear();
  url_prefix_.clear();
  kind_ = AttributeKind::text;
  url_ = Url::nothing;
  js_ = JsContext();
  is_odd_json_ = false;
  has_value_ = false;
  state_ = State::tag;
  needs_space_ = quoted;
}

void Placement::close_start_tag(std::size_t at, bool self_closing) {
  if (is_refresh_ && has_content_value_) {
    fail(at, "a value in <meta http-equiv>: it decides what the element does");
  }
  if (!foreign_.empty() && is_refused_in_foreign(element_)) {
    fail(at, "<" + element_ + "> within <" + foreign_.back() + ">");
  }
  if (element_ == "plaintext") {
    fail(at, "<plaintext> never ends");
  }
  state_ = State::text;
  const bool is_html = foreign_.empty();
  if (element_ == "svg" || element_ == "math") {
    if (!self_closing) {
      foreign_.push_back(element_);
    }
  } else if (element_ == "script") {
    js_ = JsContext(script_kind(type_) == ScriptKind::json);
    state_ = State::script;
  } else if (is_html && (element_ == "title" || element_ == "textarea")) {
    state_ = State::rcdata;
  } else if (is_raw_text(element_)) {
    state_ = State::raw_text;
  }
  if (state_ == State::text) {
    element_.clear();
  }
  if (state_ != State::script) {
    type_.clear();
  }
  has_type_ = false;
  meta_name_.clear();
  is_refresh_ = false;
  has_content_value_ = false;
  needs_space_ = false;
}

void Placement::close_end_tag(std::size_t at) {
  if (element_ == "svg" || element_ == "math") {
    if (foreign_.empty() || foreign_.back() != element_) {
      fail(at, "</" + element_ + "> closes nothing here");
    }
    foreign_.pop_back();
  }
  element_.clear();
  type_.clear();
  js_ = JsContext();
  state_ = State::text;
}

std::size_t Placement::read_comment(std::string_view text, std::size_t at) {
  const bool is_comment = state_ == State::comment;
  if (is_comment ? text.substr(at).starts_with("-->") || text.substr(at).starts_with("--!>") : text[at] == '>') {
    state_ = State::text;
    return text.find('>', at) + 1;
  }
  if (is_comment && text.substr(at).starts_with("<!--")) {
    fail(at, "a comment within a comment");
  }
  return at + 1;
}

std::size_t Placement::read_element_text(std::string_view text, std::size_t at) {
  const std::string end_tag = "</" + element_;
  std::size_t open = text.find('<', at);
  bool ends = false;
  for (; open != std::string_view::npos; open = text.find('<', open + 1)) {
    const std::string_view rest = text.substr(open);
    const char behind = rest.size() > end_tag.size() ? rest[end_tag.size()] : '>';
    ends = starts_with_ignoring_case(rest, end_tag) && (is_space(behind) || behind == '/' || behind == '>');
    if (ends) {
      break;
    }
    if (state_ == State::script && rest.starts_with("<!--")) {
      fail(open, "'<!--' in a script changes where it ends");
    }
    // A title is read in another way within svg, and text areas get this wrong most often.
    if (state_ == State::rcdata && rest.size() > 1 && (is_letter(rest[1]) || rest[1] == '/' || rest[1] == '!')) {
      fail(open, "markup within <" + element_ + ">");
    }
    partial_ = partial_ || may_become(rest, end_tag) || may_become(rest, "<!--");
  }
  const std::size_t end = ends ? open : text.size();
  if (const std::size_t nul = text.substr(0, end).find('\0', at); nul != std::string_view::npos) {
    fail(nul, "a NUL");
  }
  if (state_ == State::script && script_kind(type_) != ScriptKind::unknown) {
    js_.read(text.substr(at, end - at), at);
  }
  if (!ends) {
    return end;
  }
  if (state_ == State::script && script_kind(type_) != ScriptKind::unknown) {
    js_.finish(end);
  }
  js_ = JsContext();
  state_ = State::end_tag;
  return end + end_tag.size();
}

}  // namespace mcdsl::web::internal
