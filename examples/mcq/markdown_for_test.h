#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mcq {

/// What is wrong with HTML that Markdown was made into; empty where nothing is. Reads tags as strictly as a writer that
/// is known needs: every element, attribute and scheme has to stand in the lists here, and elements have to nest.
inline std::string why_unsafe(std::string_view html) {
  using Names = std::vector<std::string_view>;
  static const Names kElements{"a",      "blockquote", "br",    "code", "del",   "div",   "em", "h1", "h2",  "h3",
                               "h4",     "h5",         "h6",    "hr",   "input", "li",    "ol", "p",  "pre", "span",
                               "strong", "table",      "tbody", "td",   "th",    "thead", "tr", "ul"};
  static const Names kVoid{"br", "hr", "input"};
  static const Names kAttributes{"align", "aria-label", "checked",  "class", "disabled",
                                 "href",  "start",      "tabindex", "title", "type"};
  static const Names kSchemes{"http:", "https:", "mailto:"};
  const auto in = [](const Names& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  };
  std::vector<std::string_view> open;
  while (true) {
    const auto at = html.find_first_of("<>");
    if (at == std::string_view::npos) {
      return open.empty() ? "" : "an element is not closed: " + std::string(open.back());
    }
    html.remove_prefix(at);
    if (html.starts_with("<!-- raw HTML omitted -->")) {
      html.remove_prefix(25);
      continue;
    }
    if (html.front() == '>') {
      return "a bare '>'";
    }
    const bool closes = html.starts_with("</");
    html.remove_prefix(closes ? 2 : 1);
    const auto name_end = html.find_first_not_of("abcdefghijklmnopqrstuvwxyz123456");
    if (name_end == std::string_view::npos) {
      return "a tag without an end";
    }
    const std::string_view element = html.substr(0, name_end);
    html.remove_prefix(name_end);
    if (!in(kElements, element)) {
      return "the element " + std::string(element);
    }
    if (closes) {
      if (!html.starts_with('>') || open.empty() || open.back() != element) {
        return "an end tag that ends nothing: " + std::string(element);
      }
      open.pop_back();
      html.remove_prefix(1);
      continue;
    }
    if (element == "a" && in(open, "a")) {
      return "a link within a link";
    }
    while (html.starts_with(' ') && !html.starts_with(" />")) {
      html.remove_prefix(1);
      const auto equals = html.find("=\"");
      if (equals == std::string_view::npos || !in(kAttributes, html.substr(0, equals))) {
        return "the attribute " + std::string(html.substr(0, std::min<std::size_t>(equals, 40)));
      }
      const std::string_view name = html.substr(0, equals);
      html.remove_prefix(equals + 2);
      const auto end = html.find('"');
      if (end == std::string_view::npos || html.substr(0, end).find_first_of("<>") != std::string_view::npos) {
        return "a value without an end: " + std::string(name);
      }
      const std::string_view value = html.substr(0, end);
      if (name == "href") {
        auto colon = value.find_first_of(":/?#&");
        while (value.substr(std::min(colon, value.size())).starts_with("&#x27;")) {
          colon = value.find_first_of(":/?#&", colon + 6);  // how cmark-gfm writes an apostrophe
        }
        // Any other character by its number may be a colon.
        const bool has_scheme =
            colon != std::string_view::npos && (value[colon] == ':' || value.substr(colon).starts_with("&#"));
        std::string scheme(value.substr(0, has_scheme ? colon + 1 : 0));
        std::ranges::transform(scheme, scheme.begin(),
                               [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        if (value.empty() || (has_scheme && !in(kSchemes, scheme))) {
          return "a link to " + std::string(value);
        }
      }
      html.remove_prefix(end + 1);
    }
    if (html.starts_with(" />")) {
      html.remove_prefix(3);
    } else if (html.starts_with('>')) {
      html.remove_prefix(1);
    } else {
      return "a tag without an end: " + std::string(element);
    }
    if (!in(kVoid, element)) {
      open.push_back(element);
    }
  }
}

}  // namespace mcq
