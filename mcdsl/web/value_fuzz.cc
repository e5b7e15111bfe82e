// Puts any value into a page with every place that a value may stand in. A second reader of HTML must see the elements
// and attributes of a harmless one, URLs must lead where they may, and strings of scripts must not end.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mcdsl/base/error.h"
#include "mcdsl/web/internal/html_tokens_for_test.h"
#include "mcdsl/web/templates.h"

namespace {

using mcdsl::web::Data;
using mcdsl::web::internal::HtmlToken;
using mcdsl::web::internal::HtmlTokenizer;

constexpr mcdsl::web::TemplateFile kPage{
    "page",
    "<title>{{v}}</title><p class=\"{{v}}\" title='{{v}}'>{{v}}<svg><title>{{v}}</title></svg>"
    "<a href=\"{{v}}\">a</a><a href=\"{{v}}?q={{v}}#{{v}}\">a</a><a href=\"/x/{{v}}/{{v}}?q={{v}}\">a</a>"
    "<form action=\"{{v}}\" hx-get=\"{{v}}\"><textarea>{{v}}</textarea></form>"
    "<p hx-vals='{\"x\": {{v}}, \"y\": \"{{v}}\"}'>"
    "<script>f('{{v}}')</script><script>f(\"{{v}}\")</script><script>f({{v}})</script>"
    "<script type=\"application/json\">{\"x\": {{v}}, \"l\": {{l}} }</script><b>end</b>"};

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

std::string render(std::string_view value) {
  static const mcdsl::web::Templates templates{mcdsl::web::TemplateSource(&kPage, 1)};
  Data data;
  data.set("v", value);
  data["l"].push_back(value);
  data["l"].push_back(Data::object().set(value, value));
  return mcdsl::value_or_throw(templates.render("page", data));
}

// Where a URL leads, told as a browser does (WHATWG URL §4.4): what is in front and tabs and line ends do not count.
std::string scheme_of(std::string_view url) {
  std::string clean;
  for (const char c : url) {
    const bool counts = c != '\t' && c != '\n' && c != '\r' && (static_cast<unsigned char>(c) > ' ' || !clean.empty());
    if (counts) {
      clean.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    }
  }
  const std::size_t end = clean.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+-.");
  return end != std::string::npos && end > 0 && clean[end] == ':' ? clean.substr(0, end) : std::string();
}

void check_url(std::string_view attribute, std::string_view url) {
  require(std::ranges::all_of(url, [](char c) { return c > ' ' && c < '\x7f' && c != '\\' && c != '"' && c != '<'; }));
  const std::string scheme = scheme_of(url);
  if (attribute == "href") {
    require(scheme.empty() || scheme == "http" || scheme == "https" || scheme == "mailto" || scheme == "about");
  } else {
    require((scheme.empty() && !url.starts_with("//")) || url == "about:invalid");
  }
}

// Between "f(" and ")" stands one string that ends where it should.
void check_script(std::string_view text) {
  require(text.starts_with("f(") && text.ends_with(")") && text.size() >= 5);
  const char quote = text[2];
  require((quote == '"' || quote == '\'') && text[text.size() - 2] == quote);
  const std::string_view inside = text.substr(3, text.size() - 5);
  for (std::size_t i = 0; i < inside.size(); ++i) {
    require(inside[i] != quote && inside[i] != '\n' && inside[i] != '\r' && inside[i] != '<');
    if (inside[i] == '\\') {
      ++i;
      require(i < inside.size());
    }
  }
  require(text.find("\xE2\x80\xA8") == std::string_view::npos && text.find("\xE2\x80\xA9") == std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string structure = mcdsl::web::internal::structure_of(render("x"));
  const std::string page = render({reinterpret_cast<const char*>(data), size});
  require(page.find('\0') == std::string::npos);
  require(mcdsl::web::internal::structure_of(page) == structure);
  const auto tokens = HtmlTokenizer::run(page);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    for (const auto& [name, value] : tokens[i].attributes) {
      require(value.find('<') == std::string::npos && value.find('>') == std::string::npos);
      if (name == "href" || name == "action" || name == "hx-get") {
        check_url(name, value);
      }
    }
    if (tokens[i].name == "script" && tokens[i].attributes.empty()) {
      check_script(tokens[i + 1].text);
    } else if (tokens[i].name == "script") {
      require(Data::from_json(tokens[i + 1].text).has_value());
    }
  }
  return 0;
}
