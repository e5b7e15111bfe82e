#include "mcdsl/web/internal/escape.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "mcdsl/http/headers.h"
#include "mcdsl/json/writer.h"

namespace mcdsl::web::internal {
namespace {

using Table = std::array<bool, 256>;

constexpr Table table_of(std::string_view characters, bool letters_and_digits) {
  Table table{};
  for (const char c : characters) {
    table[static_cast<unsigned char>(c)] = true;
  }
  for (int c = 0; letters_and_digits && c < 128; ++c) {
    const bool is_one = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    table[static_cast<unsigned char>(c)] = table[static_cast<unsigned char>(c)] || is_one;
  }
  return table;
}

constexpr Table inverted(Table table) {
  for (bool& entry : table) {
    entry = !entry;
  }
  return table;
}

// As Go's html/template does, '+' too: it began a change of character set once (UTF-7).
constexpr Table kPlainInHtml = inverted(table_of(std::string_view("\0&<>\"'+", 7), false));
constexpr Table kUnreserved = table_of("-._~", true);                 // RFC 3986 §2.3
constexpr Table kPlainInUrl = table_of("-._~!#$&*+,/:;=?@[]", true);  // and what divides its parts, §2.2
constexpr Table kPlainInScript = [] {
  Table table = table_of(" _,.", true);
  std::fill(table.begin() + 0x80, table.end(), true);
  table[0xE2] = false;  // U+2028 begins so
  return table;
}();
constexpr Table kPlainInJson = inverted(table_of("<>&\xE2", false));

// Appends the longest prefix that is plain and returns its length.
std::size_t append_plain(std::string& out, std::string_view text, const Table& plain) {
  std::size_t length = 0;
  while (length < text.size() && plain[static_cast<unsigned char>(text[length])]) {
    ++length;
  }
  out.append(text.substr(0, length));
  return length;
}

void append_html(std::string& out, std::string_view text) {
  while (true) {
    text.remove_prefix(append_plain(out, text, kPlainInHtml));
    if (text.empty()) {
      return;
    }
    switch (text.front()) {
      case '&':
        out.append("&amp;");
        break;
      case '<':
        out.append("&lt;");
        break;
      case '>':
        out.append("&gt;");
        break;
      case '"':
        out.append("&#34;");
        break;
      case '\'':
        out.append("&#39;");
        break;
      case '+':
        out.append("&#43;");
        break;
      default:
        out.append("\xEF\xBF\xBD");  // a NUL, which no document may hold
        break;
    }
    text.remove_prefix(1);
  }
}

constexpr std::string_view kHex = "0123456789abcdef";

void append_percent(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out.append({'%', kHex[byte >> 4U], kHex[byte & 0xFU]});
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// A URL that stays what it is, in characters that a quoted attribute can hold.
void append_url(std::string& out, std::string_view url) {
  for (std::size_t i = 0; i < url.size(); ++i) {
    const char c = url[i];
    if (c == '&') {
      out.append("&amp;");
    } else if (c == '+') {
      out.append("&#43;");
    } else if (kPlainInUrl[static_cast<unsigned char>(c)] ||
               (c == '%' && i + 2 < url.size() && is_hex(url[i + 1]) && is_hex(url[i + 2]))) {
      out.push_back(c);
    } else {
      append_percent(out, c);
    }
  }
}

// Browsers take a leading space, and tabs and line ends anywhere, out of a URL before they look at it (WHATWG URL
// §4.4). Here they are part of what must be one of these schemes, and then it is none.
bool has_safe_scheme(std::string_view url) {
  const std::string_view scheme = url.substr(0, url.find(':'));
  return scheme.size() == url.size() || scheme.find('/') != std::string_view::npos ||
         http::equal_ignoring_case(scheme, "http") || http::equal_ignoring_case(scheme, "https") ||
         http::equal_ignoring_case(scheme, "mailto");
}

bool is_local(std::string_view url) {
  const std::string_view scheme = url.substr(0, url.find(':'));
  return (scheme.size() == url.size() || scheme.find('/') != std::string_view::npos) && !url.starts_with("//");
}

void append_url_part(std::string& out, std::string_view text) {
  if (text == "." || text == "..") {  // a browser walks along them, encoded or not (WHATWG URL §4.1)
    out.append("%ef%bf%bd");
    return;
  }
  while (true) {
    text.remove_prefix(append_plain(out, text, kUnreserved));
    if (text.empty()) {
      return;
    }
    append_percent(out, text.front());
    text.remove_prefix(1);
  }
}

// What becomes of the line ends of JavaScript that JSON does not know, U+2028 and U+2029; empty for all else.
std::string_view line_end_escape(std::string_view text) {
  if (text.starts_with("\xE2\x80\xA8")) {
    return "\\u2028";
  }
  return text.starts_with("\xE2\x80\xA9") ? "\\u2029" : std::string_view();
}

// Characters that are not plain become escapes; in JSON they all stand within strings.
void append_script(std::string& out, std::string_view text, const Table& plain) {
  while (true) {
    text.remove_prefix(append_plain(out, text, plain));
    if (text.empty()) {
      return;
    }
    const auto byte = static_cast<unsigned char>(text.front());
    if (const std::string_view line_end = line_end_escape(text); !line_end.empty()) {
      out.append(line_end);
      text.remove_prefix(3);
      continue;
    }
    if (byte < 0x80) {
      out.append("\\u00").append({kHex[byte >> 4U], kHex[byte & 0xFU]});
    } else {
      out.push_back(text.front());
    }
    text.remove_prefix(1);
  }
}

void write_json(json::Writer& writer, const Data& data);

struct JsonOf {
  json::Writer& writer;

  void operator()(std::monostate /*null*/) const { writer.null(); }
  void operator()(const SafeHtml& html) const { writer.value(html.html()); }
  void operator()(const Data::List& list) const {
    writer.begin_array();
    for (const Data& item : list) {
      write_json(writer, item);
    }
    writer.end_array();
  }
  void operator()(const Data::Object& object) const {
    writer.begin_object();
    for (const auto& [name, value] : object) {
      writer.key(name);
      write_json(writer, value);
    }
    writer.end_object();
  }
  template <class Simple>
  void operator()(const Simple& value) const {
    writer.value(value);
  }
};

// As deep as the data, which the program itself has built.
void write_json(json::Writer& writer, const Data& data) {  // NOLINT(misc-no-recursion): the tree ends
  std::visit(JsonOf{writer}, data.value());
}

}  // namespace

void append_escaped(std::string& out, std::string_view text, Escape escape) {
  switch (escape) {
    case Escape::html:
    case Escape::text:
      append_html(out, text);
      return;
    case Escape::url:
      append_url(out, has_safe_scheme(text) ? text : kRefusedUrl);
      return;
    case Escape::local_url:
      append_url(out, is_local(text) ? text : kRefusedUrl);
      return;
    case Escape::url_part:
      append_url_part(out, text);
      return;
    case Escape::script_string:
      append_script(out, text, kPlainInScript);
      return;
    case Escape::json:
    case Escape::json_attribute:
      append_json(out, Data(text), escape);
      return;
  }
}

void append_json(std::string& out, const Data& data, Escape escape) {
  json::Writer writer;
  write_json(writer, data);
  if (escape == Escape::json_attribute) {
    append_html(out, writer.view());
  } else {
    append_script(out, writer.view(), kPlainInJson);
  }
}

}  // namespace mcdsl::web::internal
