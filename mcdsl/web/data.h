#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "mcdsl/base/result.h"

namespace mcdsl::web {

/// HTML that goes into a page as it is: what a sanitiser or our own code made, never what a client sent. Only text and
/// elements take it so; in an attribute, a title or a script it is escaped like any other text.
class SafeHtml {
 public:
  /// Naming it is the promise that it is safe; nothing is checked.
  explicit SafeHtml(std::string html) : html_(std::move(html)) {}
  [[nodiscard]] const std::string& html() const noexcept { return html_; }

 private:
  std::string html_;
};

class Fields;

/// A struct that names what templates may see of it.
template <class T>
concept Shown = requires(const T& object, Fields& fields) { object.show(fields); };

/// What a template is filled with: null, a truth value, a number, text, HTML known to be safe, a list, or an object.
///
///     struct Row {
///       std::string slug;
///       std::optional<std::string> note;
///       void show(web::Fields& fields) const {
///         fields.add("slug", slug);
///         fields.add("note", note);
///       }
///     };
///     web::Data page;
///     page.set("title", "Reading list");
///     page.set("rows", rows);  // std::vector<Row>
///
/// A value like any other: copies are deep.
class Data {
 public:
  struct Member;
  using List = std::vector<Data>;
  using Object = std::vector<Member>;  ///< in the order in which they were set; few, so searched one by one
  using Value =
      std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, SafeHtml, List, Object>;

  Data() noexcept;  ///< null, which becomes an object at the first `set` and a list at the first `push_back`
  Data(const Data& other);
  Data(Data&& other) noexcept;
  Data& operator=(const Data& other);
  Data& operator=(Data&& other) noexcept;
  ~Data();

  // What stands on the right of a `set` reads best without a conversion written out.
  template <std::same_as<bool> T>
  explicit(false) Data(T truth);
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  explicit(false) Data(T number);
  explicit(false) Data(double number);
  explicit(false) Data(std::string text);
  explicit(false) Data(std::string_view text);
  explicit(false) Data(const char* text);
  explicit(false) Data(SafeHtml html);
  explicit(false) Data(List list);
  template <class T>
    requires std::constructible_from<Data, const T&>
  explicit(false) Data(const std::optional<T>& maybe);
  template <class T>
    requires(!std::same_as<T, Data> && std::constructible_from<Data, const T&>)
  explicit(false) Data(const std::vector<T>& items);
  template <class T>
    requires std::constructible_from<Data, const T&>
  explicit(false) Data(const std::map<std::string, T>& members);
  template <Shown T>
  explicit(false) Data(const T& shown);

  /// An object, or a list, without anything in it.
  [[nodiscard]] static Data object();
  [[nodiscard]] static Data list();

  /// Reads a JSON document (RFC 8259). Strings are text, never HTML. Errors: json::decode's.
  [[nodiscard]] static Result<Data> from_json(std::string_view text);

  /// Sets a member of an object, in place of one that has the name. Throws Exception (internal) where this is neither
  /// an object nor null.
  Data& set(std::string_view name, Data value);

  /// The member of that name, null where it is new. Throws as `set` does.
  Data& operator[](std::string_view name);

  /// Throws Exception (internal) where this is neither a list nor null.
  void push_back(Data item);

  /// The member of an object; null pointer where there is none, or this is no object.
  [[nodiscard]] const Data* find(std::string_view name) const noexcept;

  /// What a condition makes of it: null, false, 0, and an empty text or list are not; all else is.
  [[nodiscard]] bool truth() const noexcept;

  [[nodiscard]] const Value& value() const noexcept { return value_; }

 private:
  class Builder;
  Object& as_object();

  Value value_;
};

struct Data::Member {
  std::string name;
  Data value;
};

/// What a `show` fills. A name given twice keeps the later value.
class Fields {
 public:
  void add(std::string_view name, Data value) { object_.set(name, std::move(value)); }

 private:
  friend class Data;
  explicit Fields(Data& object) noexcept : object_(object) {}

  Data& object_;
};

// Down here, where a Member is a whole type.
inline Data::Data() noexcept = default;
inline Data::Data(const Data& other) = default;
inline Data::Data(Data&& other) noexcept = default;
inline Data& Data::operator=(const Data& other) = default;
inline Data& Data::operator=(Data&& other) noexcept = default;
inline Data::~Data() = default;

template <std::same_as<bool> T>
Data::Data(T truth) : value_(truth) {}

template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char>)
Data::Data(T number) {
  if constexpr (std::unsigned_integral<T>) {
    value_ = static_cast<std::uint64_t>(number);
  } else {
    value_ = static_cast<std::int64_t>(number);
  }
}

inline Data::Data(double number) : value_(number) {}
inline Data::Data(std::string text) : value_(std::move(text)) {}
inline Data::Data(std::string_view text) : value_(std::string(text)) {}
inline Data::Data(const char* text) : value_(std::string(text)) {}
inline Data::Data(SafeHtml html) : value_(std::move(html)) {}
inline Data::Data(List list) : value_(std::move(list)) {}

template <class T>
  requires std::constructible_from<Data, const T&>
Data::Data(const std::optional<T>& maybe) {
  if (maybe) {
    *this = Data(*maybe);
  }
}

template <class T>
  requires(!std::same_as<T, Data> && std::constructible_from<Data, const T&>)
Data::Data(const std::vector<T>& items) : value_(List(items.begin(), items.end())) {}

template <class T>
  requires std::constructible_from<Data, const T&>
Data::Data(const std::map<std::string, T>& members) : Data(object()) {
  for (const auto& [name, value] : members) {
    set(name, Data(value));
  }
}

template <Shown T>
Data::Data(const T& shown) : Data(object()) {
  Fields fields(*this);
  shown.show(fields);
}

}  // namespace mcdsl::web
