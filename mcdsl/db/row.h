#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace mcdsl::db {

/// Bytes that are not text; as a parameter they must outlive the call only.
using BlobView = std::span<const std::byte>;
using Blob = std::vector<std::byte>;

/// A point in time is stored as an integer: microseconds since 1970-01-01T00:00:00Z.
using Time = std::chrono::system_clock::time_point;

/// A value on its way into a statement. std::monostate is NULL.
using Parameter = std::variant<std::monostate, std::int64_t, double, std::string_view, BlobView>;

[[nodiscard]] inline Parameter to_parameter(std::nullopt_t /*null*/) {
  return std::monostate();
}
template <std::integral T>
  requires(sizeof(T) < sizeof(std::int64_t) || std::signed_integral<T>)
[[nodiscard]] Parameter to_parameter(T value) {
  return static_cast<std::int64_t>(value);
}
/// SQLite knows no "not a number": NaN is stored as NULL.
[[nodiscard]] inline Parameter to_parameter(double value) {
  return value;
}
[[nodiscard]] inline Parameter to_parameter(std::string_view value) {
  return value;
}
[[nodiscard]] inline Parameter to_parameter(const std::string& value) {
  return std::string_view(value);
}
[[nodiscard]] inline Parameter to_parameter(const char* value) {
  return std::string_view(value);
}
[[nodiscard]] inline Parameter to_parameter(BlobView value) {
  return value;
}
[[nodiscard]] inline Parameter to_parameter(const Blob& value) {
  return BlobView(value);
}
[[nodiscard]] inline Parameter to_parameter(Time value) {
  return std::chrono::floor<std::chrono::microseconds>(value.time_since_epoch()).count();
}
template <class T>
[[nodiscard]] Parameter to_parameter(const std::optional<T>& value) {
  return value ? to_parameter(*value) : Parameter(std::monostate());
}

/// The row a statement stands on.
///
/// A struct that can be read from rows names its fields once, in the order of the columns:
///
///     struct Note {
///       std::string slug;
///       std::optional<std::string> title;
///       db::Time created_at;
///       void bind(db::Row& row) { row.into(slug, title, created_at); }
///     };
///
/// Errors: a column of another type, NULL where the field is not optional, a number out of the field's range and too
/// few columns throw Exception (internal) naming the column: the statement and the struct contradict each other.
/// Lifetime: good until the statement takes its next step; views into it too.
class Row {
 public:
  /// Reads the columns from left to right, going on where the last call ended.
  template <class... Fields>
  void into(Fields&... fields) {
    (read(fields), ...);
  }

  /// The number of columns.
  [[nodiscard]] int size() const noexcept;

 private:
  friend class Statement;
  explicit Row(void* statement) noexcept : statement_(statement) {}

  void read(bool& out);
  void read(double& out) { out = next_real(); }
  void read(std::string& out) { out = next_text(); }
  /// Without a copy, for as long as the row.
  void read(std::string_view& out) { out = next_text(); }
  void read(BlobView& out) { out = next_blob(); }
  void read(Blob& out) {
    const BlobView bytes = next_blob();
    out.assign(bytes.begin(), bytes.end());
  }
  void read(Time& out);
  template <std::integral T>
  void read(T& out) {
    constexpr auto kHigh = std::numeric_limits<T>::max();
    out =
        static_cast<T>(next_integer(static_cast<std::int64_t>(std::numeric_limits<T>::min()),
                                    std::in_range<std::int64_t>(kHigh) ? static_cast<std::int64_t>(kHigh) : kLargest));
  }
  template <class T>
  void read(std::optional<T>& out) {
    if (next_is_null()) {
      ++column_;
      out.reset();
    } else {
      read(out.emplace());
    }
  }
  template <class... Ts>
  void read(std::tuple<Ts...>& out) {
    std::apply([this](auto&... fields) { this->into(fields...); }, out);
  }
  template <class T>
    requires requires(T& object, Row& row) { object.bind(row); }
  void read(T& out) {
    out.bind(*this);
  }

  static constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();

  [[nodiscard]] bool next_is_null();
  std::int64_t next_integer(std::int64_t low, std::int64_t high);
  double next_real();
  std::string_view next_text();
  BlobView next_blob();
  int take_column(int wanted_type, const char* wanted);

  void* statement_;
  int column_ = 0;
};

}  // namespace mcdsl::db
