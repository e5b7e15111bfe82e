#include "markdown.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>

#include "highlight.h"
#include "mcdsl/base/error.h"

namespace mcq {
namespace {

using mcdsl::Code;
using mcdsl::Exception;

constexpr int kParseOptions = CMARK_OPT_DEFAULT | CMARK_OPT_VALIDATE_UTF8 | CMARK_OPT_STRIKETHROUGH_DOUBLE_TILDE;
constexpr int kLowestHeading = 6;
constexpr std::array kExtensions{"table", "strikethrough", "autolink", "tasklist"};

struct Free {
  void operator()(cmark_node* node) const noexcept { cmark_node_free(node); }
  void operator()(cmark_parser* parser) const noexcept { cmark_parser_free(parser); }
  void operator()(cmark_iter* iterator) const noexcept { cmark_iter_free(iterator); }
  void operator()(char* text) const noexcept { cmark_get_default_mem_allocator()->free(text); }
};

template <class T>
using Owned = std::unique_ptr<T, Free>;

std::string_view view(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

bool is(cmark_node* node, cmark_node_type type) {
  return cmark_node_get_type(node) == type;
}

// Every node below, from the top.
std::vector<cmark_node*> all_nodes(cmark_node* root) {
  std::vector<cmark_node*> nodes;
  const Owned<cmark_iter> iterator(cmark_iter_new(root));
  for (cmark_event_type event = cmark_iter_next(iterator.get()); event != CMARK_EVENT_DONE;
       event = cmark_iter_next(iterator.get())) {
    if (event == CMARK_EVENT_ENTER) {
      nodes.push_back(cmark_iter_get_node(iterator.get()));
    }
  }
  return nodes;
}

std::string text_of(cmark_node* root) {
  std::string text;
  for (cmark_node* node : all_nodes(root)) {
    if (is(node, CMARK_NODE_TEXT) || is(node, CMARK_NODE_CODE)) {
      text += view(cmark_node_get_literal(node));
    } else if (is(node, CMARK_NODE_SOFTBREAK) || is(node, CMARK_NODE_LINEBREAK)) {
      text += ' ';
    }
  }
  return text;
}

void remove(cmark_node* node) {
  cmark_node_unlink(node);
  cmark_node_free(node);
}

// A node that is written as this text. It goes in front of another or in its place.
Owned<cmark_node> verbatim(const std::string& html) {
  Owned<cmark_node> node(cmark_node_new(CMARK_NODE_CUSTOM_BLOCK));
  cmark_node_set_on_enter(node.get(), html.c_str());
  return node;
}

// Whoever takes a node owns it; where it does not fit it is a mistake here, for texts cannot bring that about.
void expect(int done, Owned<cmark_node>& node) {
  if (done == 0) {
    throw Exception(Code::internal, "Markdown: a node does not fit where it goes");
  }
  (void)node.release();
}

// Moves what stands within the node to its place.
void unwrap(cmark_node* node) {
  while (cmark_node* child = cmark_node_first_child(node)) {
    cmark_node_insert_before(node, child);
  }
  remove(node);
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// A URL that leads somewhere and runs nothing. Browsers leave out tabs and line ends anywhere in a URL and blanks at
// its ends (WHATWG URL §4.4), so none of these may be there.
bool is_safe(std::string_view url) {
  constexpr std::array<std::string_view, 3> kSchemes{"http", "https", "mailto"};
  if (url.empty() ||
      std::ranges::any_of(url, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; })) {
    return false;
  }
  const auto colon = url.find_first_of(":/?#");
  if (colon == std::string_view::npos || url[colon] != ':') {
    return true;  // relative
  }
  const std::string_view scheme = url.substr(0, colon);
  return std::ranges::any_of(kSchemes, [&](std::string_view known) {
    return std::ranges::equal(known, scheme, [](char a, char b) { return is_letter(b) && a == (b | 0x20); });
  });
}

bool is_within_link(cmark_node* node) {
  for (cmark_node* above = cmark_node_parent(node); above != nullptr; above = cmark_node_parent(above)) {
    if (is(above, CMARK_NODE_LINK)) {
      return true;
    }
  }
  return false;
}

// In the words that stand for an image, links may stand, and images, which become links themselves.
bool has_link_within(cmark_node* image) {
  return std::ranges::any_of(all_nodes(image), [image](cmark_node* node) {
    return node != image && (is(node, CMARK_NODE_LINK) || is(node, CMARK_NODE_IMAGE));
  });
}

void show_image_as_link(cmark_node* image) {
  const std::string url(view(cmark_node_get_url(image)));
  if (!is_safe(url) || is_within_link(image) || has_link_within(image)) {
    unwrap(image);
    return;
  }
  Owned<cmark_node> link(cmark_node_new(CMARK_NODE_LINK));
  cmark_node* made = link.get();
  cmark_node_set_url(made, url.c_str());
  cmark_node_set_title(made, cmark_node_get_title(image));
  expect(cmark_node_insert_before(image, made), link);
  while (cmark_node* child = cmark_node_first_child(image)) {
    cmark_node_append_child(made, child);
  }
  remove(image);
  if (cmark_node_first_child(made) == nullptr) {
    Owned<cmark_node> text(cmark_node_new(CMARK_NODE_TEXT));
    cmark_node_set_literal(text.get(), url.c_str());
    expect(cmark_node_append_child(made, text.get()), text);
  }
}

void show_code(cmark_node* block) {
  const std::string_view info = view(cmark_node_get_fence_info(block));
  const std::string_view language = info.substr(0, info.find_first_of(" \t,{"));
  // Long lines scroll, for the keyboard as well.
  const std::string html =
      "<pre tabindex=\"0\"><code>" + highlight(view(cmark_node_get_literal(block)), language) + "</code></pre>\n";
  auto shown = verbatim(html);
  expect(cmark_node_insert_before(block, shown.get()), shown);
  remove(block);
}

// Wide tables scroll within a box of their own, and not the page.
void box_table(cmark_node* table) {
  auto begin = verbatim("<div class=\"wide\" tabindex=\"0\">");
  auto end = verbatim("</div>");
  expect(cmark_node_insert_before(table, begin.get()), begin);
  expect(cmark_node_insert_after(table, end.get()), end);
}

void prepare(cmark_node* document, std::string_view title) {
  cmark_node* first = cmark_node_first_child(document);
  if (first != nullptr && is(first, CMARK_NODE_HEADING) && cmark_node_get_heading_level(first) == 1 &&
      text_of(first) == title) {
    remove(first);
  }
  for (cmark_node* node : all_nodes(document)) {
    if (is(node, CMARK_NODE_HEADING)) {
      cmark_node_set_heading_level(node, std::min(cmark_node_get_heading_level(node) + 1, kLowestHeading));
    } else if (is(node, CMARK_NODE_CODE_BLOCK)) {
      show_code(node);
    } else if (is(node, CMARK_NODE_IMAGE)) {
      show_image_as_link(node);
    } else if (is(node, CMARK_NODE_LINK) && !is_safe(view(cmark_node_get_url(node)))) {
      unwrap(node);
    } else if (view(cmark_node_get_type_string(node)) == "table") {
      box_table(node);
    }
  }
}

// What stands in a task list is shown and cannot be ticked; the box says in words what it is. Only the extension writes
// this text: that of a document never has a bare '<'.
std::string label_tasks(std::string_view html) {
  constexpr std::string_view kBegin = "<input type=\"checkbox\" ";
  constexpr std::string_view kDone = "checked=\"\" ";
  std::string labelled;
  labelled.reserve(html.size());
  for (;;) {
    const auto at = html.find(kBegin);
    if (at == std::string_view::npos) {
      return labelled.append(html);
    }
    labelled.append(html.substr(0, at + kBegin.size()));
    html.remove_prefix(at + kBegin.size());
    labelled += html.starts_with(kDone) ? "aria-label=\"done\" " : "aria-label=\"to do\" ";
  }
}

std::string as_it_is(std::string_view text) {
  std::string html = "<pre class=\"as-it-is\" tabindex=\"0\">";
  append_escaped(html, text);
  return html + "</pre>\n";
}

}  // namespace

Markdown::Markdown() {
  cmark_gfm_core_extensions_ensure_registered();
}

std::string Markdown::to_html(std::string_view text, std::string_view title) const {
  if (text.size() > kMaxBytes) {
    return as_it_is(text);
  }
  const Owned<cmark_parser> parser(cmark_parser_new(kParseOptions));
  for (const char* name : kExtensions) {
    cmark_syntax_extension* extension = cmark_find_syntax_extension(name);
    if (extension == nullptr || cmark_parser_attach_syntax_extension(parser.get(), extension) == 0) {
      throw Exception(Code::internal, "cmark-gfm has no extension " + std::string(name));
    }
  }
  cmark_parser_feed(parser.get(), text.data(), text.size());
  Owned<cmark_node> document;
  {
    const std::scoped_lock one_at_a_time(parsing_);
    document.reset(cmark_parser_finish(parser.get()));
  }
  prepare(document.get(), title);
  const Owned<char> html(
      cmark_render_html(document.get(), kParseOptions, cmark_parser_get_syntax_extensions(parser.get())));
  return label_tasks(view(html.get()));
}

std::string title_of_markdown(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos || !text.substr(begin).starts_with("# ")) {
    return "";
  }
  std::string_view line = text.substr(begin + 2);
  line = line.substr(0, line.find('\n'));
  const auto first = line.find_first_not_of(kBlank);
  const auto last = line.find_last_not_of(" \t\r\n#");
  return first == std::string_view::npos || last == std::string_view::npos || last < first
             ? ""
             : std::string(line.substr(first, last - first + 1));
}

}  // namespace mcq
