#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcdsl/base/result.h"

namespace mcdsl::grpcserver {

/// A path of `google.api.http` (proto/google/api/http.proto has the grammar): "/v1/{name=shelves/*/books/*}:cancel".
/// Immutable; safe from any thread.
class PathTemplate {
 public:
  /// Field path and decoded value, in the order of the template.
  using Values = std::vector<std::pair<std::string, std::string>>;

  /// Errors: invalid_argument, saying what is wrong and at which character (counted from 1). Besides what the grammar
  /// refuses: `**` anywhere but at the end, a variable within a variable, a field path twice.
  [[nodiscard]] static Result<PathTemplate> parse(std::string_view text);

  /// The variables' values where the template matches a path as it came, percent-encoded and without a query; nullopt
  /// where it does not, and where a value has a broken escape, NUL or malformed UTF-8. `*` is one segment that is
  /// not empty, `**` any number of any kind. A variable of one segment is decoded whole; in one of several, `%2F` stays
  /// as it is, since it is no separator there.
  [[nodiscard]] std::optional<Values> match(std::string_view raw_path) const;

  /// The field paths of the variables, in the order of the template.
  [[nodiscard]] std::vector<std::string> field_paths() const;

  /// The shortest text that parses to the same template: "{id=*}" is written "{id}".
  [[nodiscard]] std::string to_string() const;

  /// Orders templates so that the first that matches is the one to take: one with a verb before one without, then from
  /// left to right a literal before `*` before `**`. Equivalent ones match the same paths whatever their variables are
  /// called: two of these for one HTTP method are a conflict.
  [[nodiscard]] static std::weak_ordering by_specificity(const PathTemplate& a, const PathTemplate& b);

 private:
  friend class PathTemplateParser;

  enum class Kind : std::uint8_t { literal, one, rest };  // in the order of specificity
  struct Segment {
    Kind kind = Kind::literal;
    std::string text;  ///< decoded, of a literal

    friend std::strong_ordering operator<=>(const Segment&, const Segment&) = default;
  };
  struct Variable {
    std::string field_path;
    std::size_t first = 0;  ///< its segments are first to last, without last
    std::size_t last = 0;
  };

  PathTemplate() = default;
  [[nodiscard]] bool is_of_one_segment(const Variable& variable) const;

  std::vector<Segment> segments_;
  std::vector<Variable> variables_;
  std::string verb_;  ///< decoded; empty for none
};

}  // namespace mcdsl::grpcserver
