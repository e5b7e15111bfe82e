#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mcdsl::http {

/// An ordered list of header fields (RFC 9110 §5). Names compare without case and are kept in lower case, as HTTP/2
/// wants them on the wire (RFC 9113 §8.2.1). All text stands in one buffer: filling, copying and writing out a list
/// costs a memory copy.
///
/// Lifetime: views that a list hands out are good until the list is next changed.
class Headers {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  /// Appends a field. Throws Exception (internal) when the name is not a token (RFC 9110 §5.6.2) or the value holds CR,
  /// LF, NUL or another control character but tab: what would let one field become two never reaches a connection.
  void add(std::string_view name, std::string_view value);

  /// The same for a field that a peer sent: false, and nothing is added, where `add` would throw.
  [[nodiscard]] bool try_add(std::string_view name, std::string_view value);

  /// The same, in place of every field of that name.
  void set(std::string_view name, std::string_view value);

  void remove(std::string_view name);
  void clear() noexcept;

  /// The first field's value; nullopt where there is none.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept;
  [[nodiscard]] bool contains(std::string_view name) const noexcept { return get(name).has_value(); }
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;

  /// Whether a field holding a comma-separated list (RFC 9110 §5.6.1) has this element, compared without case, in any
  /// of its lines: `Connection: keep-alive, Upgrade` has "upgrade".
  [[nodiscard]] bool has_element(std::string_view name, std::string_view element) const noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] Field operator[](std::size_t index) const noexcept;

  class Iterator {
   public:
    Iterator(const Headers& headers, std::size_t index) noexcept : headers_(&headers), index_(index) {}
    Field operator*() const noexcept { return (*headers_)[index_]; }
    Iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    bool operator==(const Iterator& other) const noexcept { return index_ == other.index_; }

   private:
    const Headers* headers_;
    std::size_t index_;
  };
  [[nodiscard]] Iterator begin() const noexcept { return {*this, 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {*this, size()}; }

 private:
  struct Entry {
    std::uint32_t name_at;
    std::uint32_t name_size;
    std::uint32_t value_at;
    std::uint32_t value_size;
  };

  std::string text_;
  std::vector<Entry> entries_;
};

/// A token (RFC 9110 §5.6.2): what a header name or a method may consist of.
[[nodiscard]] bool is_token(std::string_view text) noexcept;

/// A field value (RFC 9110 §5.5): visible characters, spaces, tabs and bytes from 0x80; no control characters.
[[nodiscard]] bool is_field_value(std::string_view text) noexcept;

/// Equal without regard to the case of ASCII letters.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// The text without spaces and tabs at its ends.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;

}  // namespace mcdsl::http
