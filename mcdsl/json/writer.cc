#include "mcdsl/json/writer.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

#include "mcdsl/base/bytes.h"

namespace mcdsl::json {
namespace {

// What must be escaped in a string (RFC 8259 §7), and '<' so that a document can stand inside an HTML script element.
constexpr std::array<bool, 256> make_escape_table() {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c) {
    table[c] = true;
  }
  table['"'] = table['\\'] = table['<'] = table[0x7F] = true;
  return table;
}

constexpr auto kNeedsEscape = make_escape_table();

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out.append("\\\"");
      return;
    case '\\':
      out.append("\\\\");
      return;
    case '\n':
      out.append("\\n");
      return;
    case '\r':
      out.append("\\r");
      return;
    case '\t':
      out.append("\\t");
      return;
    default: {
      const auto byte = static_cast<unsigned char>(c);
      out.append("\\u00");
      out.push_back(kHex[byte >> 4U]);
      out.push_back(kHex[byte & 15U]);
    }
  }
}

template <class T>
void append_number(std::string& out, T value) {
  std::array<char, 32> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  out.push_back('"');
  std::size_t done = std::min(plain_run(text), text.find('<'));
  out.append(text.substr(0, done));
  const bool valid = done == text.size() || is_valid_utf8(text);
  for (std::size_t i = done; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool malformed = !valid && byte >= 0x80;
    if (!kNeedsEscape[byte] && !malformed) {
      continue;
    }
    out.append(text.substr(done, i - done));
    done = i + 1;
    if (malformed) {
      out.append("\\ufffd");
    } else {
      append_escaped(out, text[i]);
    }
  }
  out.append(text.substr(done));
  out.push_back('"');
}

void Writer::before_value() {
  if (needs_comma_) {
    text_.push_back(',');
  }
  needs_comma_ = true;
}

Writer& Writer::begin_object() {
  before_value();
  text_.push_back('{');
  ++depth_;
  needs_comma_ = false;
  return *this;
}

Writer& Writer::end_object() {
  assert(depth_ > 0);
  text_.push_back('}');
  --depth_;
  needs_comma_ = true;
  return *this;
}

Writer& Writer::begin_array() {
  before_value();
  text_.push_back('[');
  ++depth_;
  needs_comma_ = false;
  return *this;
}

Writer& Writer::end_array() {
  assert(depth_ > 0);
  text_.push_back(']');
  --depth_;
  needs_comma_ = true;
  return *this;
}

Writer& Writer::key(std::string_view name) {
  assert(depth_ > 0);
  before_value();
  append_string(text_, name);
  text_.push_back(':');
  needs_comma_ = false;
  return *this;
}

Writer& Writer::value(std::string_view text) {
  before_value();
  append_string(text_, text);
  return *this;
}

Writer& Writer::value(bool truth) {
  before_value();
  text_.append(truth ? "true" : "false");
  return *this;
}

Writer& Writer::value(double number) {
  before_value();
  if (std::isfinite(number)) {
    append_number(text_, number);
  } else {
    text_.append("null");
  }
  return *this;
}

Writer& Writer::signed_value(std::int64_t number) {
  before_value();
  append_number(text_, number);
  return *this;
}

Writer& Writer::unsigned_value(std::uint64_t number) {
  before_value();
  append_number(text_, number);
  return *this;
}

Writer& Writer::null() {
  before_value();
  text_.append("null");
  return *this;
}

Writer& Writer::raw(std::string_view document) {
  before_value();
  text_.append(document);
  return *this;
}

}  // namespace mcdsl::json
