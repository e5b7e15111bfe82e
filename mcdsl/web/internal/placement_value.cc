// What may stand where: the other half of Placement, which placement.cc reads the text for.

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "mcdsl/http/headers.h"
#include "mcdsl/web/internal/placement.h"
#include "mcdsl/web/internal/placement_error.h"

namespace mcdsl::web::internal {
namespace {

[[noreturn]] void fail(std::string what) {
  throw PlacementError{Placement::kHere, std::move(what)};
}

// In the prefix of a URL: a value that cannot divide it. No text of a template holds this.
constexpr char kSomeValue = '\0';

constexpr bool is_space_or_control(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
}

// Schemes that a template may put a value behind.
bool is_plain_scheme(std::string_view scheme) {
  constexpr std::array<std::string_view, 4> kSchemes{"http", "https", "mailto", "tel"};
  return std::ranges::any_of(kSchemes, [scheme](auto known) { return http::equal_ignoring_case(scheme, known); });
}

}  // namespace

void Placement::read_url(std::string_view text, std::size_t at) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool divides = c == '/' || c == '?' || c == '#';
    switch (url_) {
      case Url::after_value:
        if (!divides || (c == '/' && kind_ == AttributeKind::local_url)) {
          throw PlacementError{at + i, "behind a value that is a whole URL only its query can follow"};
        }
        url_ = c == '/' ? Url::path : Url::query;
        break;
      case Url::nothing:
      case Url::prefix:
        if (c == ':' && url_prefix_.find(kSomeValue) != std::string::npos) {
          throw PlacementError{at + i, "a value in the scheme of a URL"};
        }
        if (c == '&' || is_space_or_control(c)) {  // what the browser makes of it may be a scheme
          url_ = Url::unclear;
          url_prefix_.clear();
        } else if (!divides) {
          url_ = Url::prefix;
          url_prefix_.push_back(c);
        } else {
          url_ = c == '/' ? Url::path : Url::query;
          if (url_prefix_.find(':') == std::string::npos) {
            url_prefix_.clear();
          }
        }
        break;
      case Url::path:
        url_ = c == '?' || c == '#' ? Url::query : Url::path;
        break;
      case Url::query:
      case Url::unclear:
        break;
    }
  }
}

void Placement::read_json(std::string_view text, std::size_t at) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (url_ == Url::nothing && first != std::string_view::npos) {
    url_ = Url::path;  // begun
    is_odd_json_ = text[first] != '{';
  }
  is_odd_json_ = is_odd_json_ || text.find('&') != std::string_view::npos;
  js_.read(text, at);
}

Escape Placement::value_in_url() {
  if (url_ == Url::nothing) {
    url_ = Url::after_value;
    return kind_ == AttributeKind::local_url ? Escape::local_url : Escape::url;
  }
  if (url_ == Url::after_value) {
    fail("behind a value that is a whole URL only its query can follow");
  }
  if (url_ == Url::unclear) {
    fail("which part of the URL in " + attribute_ + " this is cannot be told");
  }
  if (const std::size_t colon = url_prefix_.find(':');
      colon != std::string::npos && !is_plain_scheme(std::string_view(url_prefix_).substr(0, colon))) {
    fail("a value behind a scheme other than http, https, mailto and tel");
  }
  if (url_ == Url::prefix) {
    url_prefix_.push_back(kSomeValue);
  }
  return Escape::url_part;
}

Escape Placement::value_in_attribute() {
  has_value_ = true;
  if (element_ == "meta" && attribute_ == "content") {
    if (meta_name_.empty() || meta_name_ == "referrer" || meta_name_.starts_with("htmx")) {
      fail("a value in <meta content> needs an attribute name before it that is for information only");
    }
    has_content_value_ = true;
    return Escape::text;
  }
  if (element_ == "meta" && attribute_ == "name") {
    fail("a value in the attribute name of <meta>: it decides what the element does");
  }
  switch (kind_) {
    case AttributeKind::text:
      return Escape::text;
    case AttributeKind::url:
    case AttributeKind::local_url:
      return value_in_url();
    case AttributeKind::json:
      url_ = Url::path;
      return js_.value_is_in_string(kHere) ? Escape::script_string : Escape::json_attribute;
    default:
      fail("a value in the attribute " + attribute_ + " of <" + element_ + ">: " + std::string(why_no_value(kind_)));
  }
}

Escape Placement::value() {
  switch (state_) {
    case State::text:
      // Within svg, HTML that is safe elsewhere may mean something else.
      return foreign_.empty() ? Escape::html : Escape::text;
    case State::rcdata:
      return Escape::text;
    case State::double_quoted:
    case State::single_quoted:
      return value_in_attribute();
    case State::script:
      if (script_kind(type_) == ScriptKind::unknown) {
        fail("a value in a script of type " + type_ + ": what it means there is not known");
      }
      return js_.value_is_in_string(kHere) ? Escape::script_string : Escape::json;
    case State::tag:
      fail("a value as the name of an element or an attribute");
    default:
      fail("a value " + where());
  }
}

void Placement::boundary() {
  if (partial_) {
    fail("a directive right behind '<'");
  }
  switch (state_) {
    case State::text:
    case State::tag:
    case State::rcdata:
    case State::raw_text:
      return;
    case State::tag_name:
      state_ = State::tag;
      needs_space_ = true;
      return;
    case State::attribute_name:
      end_name(kHere);
      needs_space_ = true;
      return;
    case State::after_name:
      end_name(kHere);
      return;
    case State::double_quoted:
    case State::single_quoted:
      if (kind_ == AttributeKind::json) {
        js_.boundary(kHere);
      }
      return;
    case State::script:
      if (script_kind(type_) != ScriptKind::unknown) {
        js_.boundary(kHere);
      }
      return;
    case State::before_value:
    case State::unquoted:
      fail("the attribute " + attribute_ + " needs quotes");
    default:
      fail("a directive " + where());
  }
}

void Placement::finish() const {
  if (state_ != State::text || partial_) {
    fail("the template ends " + where());
  }
  if (!foreign_.empty()) {
    fail("the template ends within <" + foreign_.back() + ">");
  }
}

bool Placement::join(const Placement& other) {
  Placement alike = other;
  alike.needs_space_ = needs_space_;
  alike.has_value_ = has_value_;
  alike.is_odd_json_ = is_odd_json_;
  alike.has_content_value_ = has_content_value_;
  alike.url_ = url_;
  alike.url_prefix_ = url_prefix_;
  alike.js_ = js_;
  if (alike != *this || !js_.join(other.js_)) {
    return false;
  }
  needs_space_ = needs_space_ || other.needs_space_;
  has_value_ = has_value_ || other.has_value_;
  is_odd_json_ = is_odd_json_ || other.is_odd_json_;
  has_content_value_ = has_content_value_ || other.has_content_value_;
  if (url_ != other.url_ || url_prefix_ != other.url_prefix_) {
    const auto divided = [](Url url) { return url == Url::path || url == Url::query; };
    url_ = url_prefix_ == other.url_prefix_ && divided(url_) && divided(other.url_) ? Url::path : Url::unclear;
    url_prefix_.clear();
  }
  return true;
}

std::string Placement::where() const {
  switch (state_) {
    case State::text:
      return partial_ ? "right behind '<'" : "in text";
    case State::tag_open:
      return "right behind '<'";
    case State::tag_name:
    case State::tag:
    case State::attribute_name:
    case State::after_name:
    case State::self_closing:
      return "within the tag <" + element_ + ">";
    case State::end_tag_name:
    case State::end_tag:
      return "within the tag </" + element_ + ">";
    case State::before_value:
    case State::double_quoted:
    case State::single_quoted:
    case State::unquoted:
      return "in the attribute " + attribute_ + " of <" + element_ + ">";
    case State::comment:
      return "in a comment";
    case State::doctype:
      return "in a doctype";
    case State::rcdata:
    case State::raw_text:
    case State::script:
      return "in the text of <" + element_ + ">";
  }
  return {};
}

}  // namespace mcdsl::web::internal
