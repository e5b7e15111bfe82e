#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mcdsl::json {

/// Writes a JSON document (RFC 8259) straight into a string, without a tree in between: the way to an answer that costs
/// a fraction of a microsecond. Commas and quotes are the writer's; nesting is the caller's, checked by an assertion.
///
///     json::Writer out;
///     out.begin_object().field("slug", slug).key("tags").begin_array();
///     for (const auto& tag : tags) out.value(tag);
///     out.end_array().end_object();
///     return http::json(std::move(out).take());
///
/// Strings are taken as UTF-8; malformed bytes become U+FFFD, so the document is always valid.
class Writer {
 public:
  Writer() { text_.reserve(256); }  // most answers fit, and the others double it a few times less

  Writer& begin_object();
  Writer& end_object();
  Writer& begin_array();
  Writer& end_array();
  Writer& key(std::string_view name);

  Writer& value(std::string_view text);
  Writer& value(const char* text) { return value(std::string_view(text)); }
  Writer& value(bool truth);
  /// NaN and infinities, which JSON lacks, are written as null.
  Writer& value(double number);
  template <std::integral T>
  Writer& value(T number) {
    if constexpr (std::unsigned_integral<T>) {
      return unsigned_value(number);
    } else {
      return signed_value(number);
    }
  }
  Writer& null();

  /// A key and its value.
  template <class T>
  Writer& field(std::string_view name, const T& field_value) {
    return key(name).value(field_value);
  }

  /// A document made elsewhere, put in as it is. It must be valid JSON.
  Writer& raw(std::string_view document);

  [[nodiscard]] std::string_view view() const noexcept { return text_; }
  [[nodiscard]] std::string take() && { return std::move(text_); }

 private:
  Writer& signed_value(std::int64_t number);
  Writer& unsigned_value(std::uint64_t number);
  void before_value();

  std::string text_;
  std::size_t depth_ = 0;
  bool needs_comma_ = false;
};

/// Appends `text` as a JSON string with its quotes.
void append_string(std::string& out, std::string_view text);

}  // namespace mcdsl::json
