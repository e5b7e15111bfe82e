#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcdsl/base/result.h"
#include "mcdsl/base/secret.h"

namespace mcdsl::json {

struct DecodeOptions {
  bool allow_unknown_fields = false;  ///< for documents whose next version may say more than ours knows
  std::size_t max_depth = 32;         ///< objects and arrays within each other; at most 256
};

/// Reads a JSON document (RFC 8259) into a C++ value.
///
///     struct Login {
///       std::string username;
///       Secret password;
///       std::vector<std::string> tags;
///
///       void bind(json::Fields& fields) {
///         fields.required("username", username);
///         fields.required("password", password);
///         fields.optional("tags", tags);
///       }
///     };
///     const auto login = json::decode<Login>(request.body());
///
/// T is a struct with such a `bind`, `bool`, an integer type (no fraction, no exponent, within its range), `double`,
/// `std::string`, `Secret`, or `std::optional` (null is nullopt), `std::vector` or `std::map<std::string, ...>` of
/// these. T must be default-constructible.
///
/// Errors: invalid_argument, visible to the client, saying where: "tags[2]: want a string, found a number". Values are
/// never quoted. Refused as well: a field twice, an unknown field, a missing one, malformed UTF-8, too deep nesting.
/// Throws Exception (internal) for a `max_depth` above 256: the guard of the stack.
template <class T>
[[nodiscard]] Result<T> decode(std::string_view text, DecodeOptions options = {});

class Fields;

/// A struct that names its fields.
template <class T>
concept Bindable = requires(T& object, Fields& fields) { object.bind(fields); };

template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>;

namespace internal {

class Tree;

/// One value of a parsed document. Each `read` fills `out`, or notes in the document what stands in the way.
class Value {
 public:
  Value(Tree& tree, std::size_t index) noexcept : tree_(&tree), index_(index) {}

  void read(bool& out) const;
  void read(double& out) const;
  void read(std::string& out) const;
  void read(Secret& out) const;

  template <Integer T>
  void read(T& out) const {
    using Limits = std::numeric_limits<T>;
    if constexpr (std::unsigned_integral<T>) {
      out = static_cast<T>(read_unsigned(Limits::max()));
    } else {
      out = static_cast<T>(read_signed(Limits::min(), Limits::max()));
    }
  }

  template <class T>
  void read(std::optional<T>& out) const {
    out.reset();
    if (!is_null()) {
      read(out.emplace());
    }
  }

  template <class T>
  void read(std::vector<T>& out) const {
    out.clear();
    for (const Value& element : elements()) {
      T item{};
      element.read(item);
      out.push_back(std::move(item));
    }
  }

  template <class T>
  void read(std::map<std::string, T>& out) const {
    out.clear();
    for (const auto& [name, member] : members()) {
      member.read(out[std::string(name)]);
    }
  }

  template <Bindable T>
  void read(T& out) const;

 private:
  friend class json::Fields;

  [[nodiscard]] bool is_null() const;
  [[nodiscard]] std::uint64_t read_unsigned(std::uint64_t high) const;
  [[nodiscard]] std::int64_t read_signed(std::int64_t low, std::int64_t high) const;
  [[nodiscard]] bool expect_object() const;
  [[nodiscard]] std::vector<Value> elements() const;
  [[nodiscard]] std::vector<std::pair<std::string_view, Value>> members() const;
  [[nodiscard]] std::optional<Value> find(std::string_view name) const;
  [[nodiscard]] std::optional<Value> require(std::string_view name) const;
  void refuse_unknown_fields() const;

  Tree* tree_;
  std::size_t index_;
};

/// A parsed document and the first thing found wrong in it.
class Document {
 public:
  Document(std::string_view text, DecodeOptions options);
  ~Document();
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  /// There is no root to read in a document that has an error from the start.
  [[nodiscard]] Value root() const noexcept { return {*tree_, 0}; }
  [[nodiscard]] const std::optional<Error>& error() const noexcept;

 private:
  std::unique_ptr<Tree> tree_;
};

}  // namespace internal

/// The fields of the object that a `bind` is filled from.
class Fields {
 public:
  /// A field that must be there.
  template <class T>
  void required(std::string_view name, T& out) {
    if (const auto value = object_.require(name)) {
      value->read(out);
    }
  }

  /// A field that may be absent: `out` keeps what it holds then.
  template <class T>
  void optional(std::string_view name, T& out) {
    if (const auto value = object_.find(name)) {
      value->read(out);
    }
  }

 private:
  friend class internal::Value;
  explicit Fields(internal::Value object) noexcept : object_(object) {}

  internal::Value object_;
};

template <Bindable T>
void internal::Value::read(T& out) const {
  if (expect_object()) {
    Fields fields(*this);
    out.bind(fields);
    refuse_unknown_fields();
  }
}

template <class T>
Result<T> decode(std::string_view text, DecodeOptions options) {
  const internal::Document document(text, options);
  if (document.error()) {
    return fail(*document.error());
  }
  T out{};
  document.root().read(out);
  if (document.error()) {
    return fail(*document.error());
  }
  return out;
}

}  // namespace mcdsl::json
