#include "mcdsl/web/internal/attributes.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace mcdsl::web::internal {
namespace {

using namespace std::string_view_literals;

// Sorted, to be searched by halves. What is not in here is refused, so a list that is too short does no harm.
constexpr auto kText = std::to_array<std::string_view>({"abbr",
                                                        "accept",
                                                        "accesskey",
                                                        "align",
                                                        "alt",
                                                        "autocapitalize",
                                                        "autocomplete",
                                                        "border",
                                                        "cellpadding",
                                                        "cellspacing",
                                                        "class",
                                                        "cols",
                                                        "colspan",
                                                        "contenteditable",
                                                        "coords",
                                                        "cx",
                                                        "cy",
                                                        "d",
                                                        "datetime",
                                                        "decoding",
                                                        "default",
                                                        "dir",
                                                        "dirname",
                                                        "download",
                                                        "draggable",
                                                        "dx",
                                                        "dy",
                                                        "enterkeyhint",
                                                        "fetchpriority",
                                                        "for",
                                                        "headers",
                                                        "height",
                                                        "hidden",
                                                        "high",
                                                        "hreflang",
                                                        "hx-confirm",
                                                        "hx-include",
                                                        "hx-indicator",
                                                        "hx-prompt",
                                                        "hx-select",
                                                        "hx-target",
                                                        "id",
                                                        "inputmode",
                                                        "itemprop",
                                                        "kind",
                                                        "label",
                                                        "lang",
                                                        "list",
                                                        "loading",
                                                        "low",
                                                        "max",
                                                        "maxlength",
                                                        "min",
                                                        "minlength",
                                                        "name",
                                                        "nonce",
                                                        "opacity",
                                                        "optimum",
                                                        "pattern",
                                                        "placeholder",
                                                        "points",
                                                        "popovertarget",
                                                        "preload",
                                                        "r",
                                                        "role",
                                                        "rows",
                                                        "rowspan",
                                                        "rx",
                                                        "ry",
                                                        "scope",
                                                        "shape",
                                                        "size",
                                                        "sizes",
                                                        "slot",
                                                        "span",
                                                        "spellcheck",
                                                        "start",
                                                        "step",
                                                        "stroke-width",
                                                        "summary",
                                                        "tabindex",
                                                        "title",
                                                        "transform",
                                                        "translate",
                                                        "valign",
                                                        "value",
                                                        "viewbox",
                                                        "width",
                                                        "wrap",
                                                        "x",
                                                        "x1",
                                                        "x2",
                                                        "xml:lang",
                                                        "y",
                                                        "y1",
                                                        "y2"});

constexpr auto kUrlNames =
    std::to_array<std::string_view>({"action", "background", "cite", "formaction", "href", "icon", "itemid", "longdesc",
                                     "manifest", "poster", "profile", "src", "usemap", "xlink:href", "xmlns"});

constexpr auto kHxUrls = std::to_array<std::string_view>(
    {"hx-delete", "hx-get", "hx-patch", "hx-post", "hx-push-url", "hx-put", "hx-replace-url"});

constexpr auto kDeciding = std::to_array<std::string_view>(
    {"allow", "as", "charset", "content", "crossorigin", "enctype", "form", "formenctype", "formmethod", "formtarget",
     "http-equiv", "integrity", "is", "method", "referrerpolicy", "rel", "sandbox", "target", "type"});

constexpr auto kBreakOut = std::to_array<std::string_view>({"annotation-xml",
                                                            "b",
                                                            "big",
                                                            "blockquote",
                                                            "body",
                                                            "br",
                                                            "center",
                                                            "code",
                                                            "dd",
                                                            "div",
                                                            "dl",
                                                            "dt",
                                                            "em",
                                                            "embed",
                                                            "font",
                                                            "foreignobject",
                                                            "h1",
                                                            "h2",
                                                            "h3",
                                                            "h4",
                                                            "h5",
                                                            "h6",
                                                            "head",
                                                            "hr",
                                                            "i",
                                                            "iframe",
                                                            "img",
                                                            "li",
                                                            "listing",
                                                            "menu",
                                                            "meta",
                                                            "nobr",
                                                            "noembed",
                                                            "noframes",
                                                            "noscript",
                                                            "ol",
                                                            "p",
                                                            "plaintext",
                                                            "pre",
                                                            "ruby",
                                                            "s",
                                                            "script",
                                                            "small",
                                                            "span",
                                                            "strike",
                                                            "strong",
                                                            "style",
                                                            "sub",
                                                            "sup",
                                                            "table",
                                                            "textarea",
                                                            "tt",
                                                            "u",
                                                            "ul",
                                                            "var",
                                                            "xmp"});

static_assert(std::ranges::is_sorted(kText) && std::ranges::is_sorted(kUrlNames) && std::ranges::is_sorted(kHxUrls) &&
              std::ranges::is_sorted(kDeciding) && std::ranges::is_sorted(kBreakOut));

constexpr bool in(const auto& sorted, std::string_view name) {
  return std::ranges::binary_search(sorted, name);
}

constexpr bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

AttributeKind htmx_kind(std::string_view name) {
  if (in(kHxUrls, name)) {
    return AttributeKind::local_url;
  }
  if (name == "hx-vals" || name == "hx-headers") {
    return AttributeKind::json;
  }
  if (name.starts_with("hx-on") || name == "hx-vars" || name == "hx-trigger") {
    return AttributeKind::code;  // a trigger's filter is one
  }
  return in(kText, name) ? AttributeKind::text : AttributeKind::decides;
}

// An attribute for scripts. What they do with it shows in its name at best, as in Go's html/template.
AttributeKind data_kind(std::string_view name) {
  if (name.starts_with("hx-")) {
    return htmx_kind(name);
  }
  if (name.starts_with("on") || name == "style") {
    return AttributeKind::code;
  }
  if (name == "srcset" || name == "imagesrcset") {
    return AttributeKind::several_urls;
  }
  if (name == "srcdoc") {
    return AttributeKind::html;
  }
  const auto has = [name](std::string_view part) { return name.find(part) != std::string_view::npos; };
  return in(kUrlNames, name) || has("src") || has("uri") || has("url") ? AttributeKind::url : AttributeKind::text;
}

AttributeKind url_kind(std::string_view element, std::string_view name) {
  if ((element == "form" && name == "action") || (is_one_of(element, {"button", "input"}) && name == "formaction")) {
    return AttributeKind::local_url;
  }
  if (name == "href" || name == "xlink:href") {
    return is_one_of(element, {"a", "area", "image"}) ? AttributeKind::url : AttributeKind::code_url;
  }
  if (name == "src") {
    return is_one_of(element, {"audio", "iframe", "img", "input", "source", "track", "video"})
               ? AttributeKind::url
               : AttributeKind::code_url;
  }
  return name == "cite" || name == "poster" ? AttributeKind::url : AttributeKind::unknown;
}

}  // namespace

AttributeKind attribute_kind(std::string_view element, std::string_view attribute) noexcept {
  if (attribute.starts_with("hx-")) {
    return htmx_kind(attribute);
  }
  if (attribute.starts_with("data-")) {
    return data_kind(attribute.substr("data-"sv.size()));
  }
  if (attribute.starts_with("on") || attribute == "style") {
    return AttributeKind::code;
  }
  if (attribute.starts_with("aria-")) {
    return AttributeKind::text;
  }
  if (is_one_of(attribute, {"archive", "imagesrcset", "ping", "srcset"})) {
    return AttributeKind::several_urls;
  }
  if (attribute == "srcdoc") {
    return AttributeKind::html;
  }
  if (in(kUrlNames, attribute)) {
    return url_kind(element, attribute);
  }
  if (is_one_of(element,
                {"animate", "animatemotion", "animatetransform", "applet", "embed", "object", "param", "set"})) {
    return AttributeKind::decides;
  }
  if (attribute == "type" && element == "input") {
    return AttributeKind::text;
  }
  if (in(kDeciding, attribute)) {
    return AttributeKind::decides;
  }
  return in(kText, attribute) ? AttributeKind::text : AttributeKind::unknown;
}

std::string_view why_no_value(AttributeKind kind) noexcept {
  switch (kind) {
    case AttributeKind::text:
    case AttributeKind::url:
    case AttributeKind::local_url:
    case AttributeKind::json:
      return {};
    case AttributeKind::code:
      return "it holds code or style; put the value into a data- attribute or a class";
    case AttributeKind::code_url:
      return "what that URL leads to has power over the page; name an {{asset}}";
    case AttributeKind::several_urls:
      return "it holds a list of URLs";
    case AttributeKind::html:
      return "it holds markup";
    case AttributeKind::decides:
      return "it decides what the element does";
    case AttributeKind::unknown:
      return "what a value means there is not known";
  }
  return {};
}

bool is_refused_in_foreign(std::string_view element) noexcept {
  return in(kBreakOut, element);
}

bool is_raw_text(std::string_view element) noexcept {
  return is_one_of(element, {"iframe", "noembed", "noframes", "style", "xmp"});
}

ScriptKind script_kind(std::string_view type) noexcept {
  if (is_one_of(type, {"", "application/ecmascript", "application/javascript", "module", "text/ecmascript",
                       "text/javascript"})) {
    return ScriptKind::code;
  }
  if (is_one_of(type, {"application/json", "application/ld+json", "text/json"})) {
    return ScriptKind::json;
  }
  return ScriptKind::unknown;
}

}  // namespace mcdsl::web::internal
