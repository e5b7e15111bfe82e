#include "mcdsl/config/internal/assign.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/time.h"
#include "mcdsl/config/internal/address.h"
#include "mcdsl/config/internal/overloaded.h"
#include "mcdsl/config/internal/suggest.h"
#include "mcdsl/config/internal/text.h"

namespace mcdsl::config::internal {
namespace {

using Problem = std::optional<std::string>;

std::string wants(const Field& field, const Value& value) {
  return fmt::format("wants {}, found {}", type_of(field), found(value, field));
}

/// Quotes the text in front of what is wrong with it, unless it may hold a password ("https://user:password@host").
std::string quoted_problem(std::string_view text, std::string_view problem) {
  if (text.contains('@')) {
    return std::string(problem);
  }
  return fmt::format("\"{}\" {}", printable(text), problem);
}

Problem assign_integer(const IntegerTarget& target, const Field& field, const Value& value) {
  if (value.kind != Kind::integer || value.integer < target.min || value.integer > target.max) {
    return wants(field, value);
  }
  target.set(value.integer);
  return std::nullopt;
}

Problem assign_real(const RealTarget& target, const Field& field, const Value& value) {
  const bool is_number = value.kind == Kind::real || value.kind == Kind::integer;
  const double number = value.kind == Kind::integer ? static_cast<double>(value.integer) : value.real;
  if (!is_number || !std::isfinite(number) || number < target.min || number > target.max) {
    return wants(field, value);
  }
  *target.value = number;
  return std::nullopt;
}

Problem assign_duration(const DurationTarget& target, const Field& field, const Value& value) {
  if (value.kind != Kind::text) {
    return wants(field, value);
  }
  const Result<std::chrono::nanoseconds> duration = parse_duration(value.text);
  if (!duration || *duration < target.min || *duration > target.max) {
    return wants(field, value);
  }
  *target.value = *duration;
  return std::nullopt;
}

Problem assign_text(const TextTarget& target, const Field& field, const Value& value) {
  if (value.kind != Kind::text) {
    return wants(field, value);
  }
  if (const Problem problem = problem_with(target.format, value.text)) {
    return quoted_problem(value.text, *problem);
  }
  *target.value = value.text;
  return std::nullopt;
}

Problem assign_listen(const ListenTarget& target, const Field& field, const Value& value) {
  if (value.kind != Kind::text) {
    return wants(field, value);
  }
  if (const Problem problem = problem_with_listen_address(value.text)) {
    return quoted_problem(value.text, *problem);
  }
  *target.value = value.text;
  return std::nullopt;
}

Problem assign_list(const ListTarget& target, const Field& field, const Value& value) {
  if (value.kind != Kind::array) {
    return wants(field, value);
  }
  std::vector<std::string> texts;
  for (const Value& element : value.elements) {
    if (element.kind != Kind::text || element.text.empty()) {
      return fmt::format("wants {}, found {} at index {}", type_of(field), found(element, field), texts.size());
    }
    if (const Problem problem = problem_with(target.format, element.text)) {
      return quoted_problem(element.text, *problem);
    }
    texts.push_back(element.text);
  }
  *target.value = std::move(texts);
  return std::nullopt;
}

Problem assign_path(const PathTarget& target, const Field& field, const Value& value) {
  if (value.kind != Kind::text) {
    return wants(field, value);
  }
  if (const Problem problem = problem_with(Format::any, value.text)) {
    return quoted_problem(value.text, *problem);
  }
  *target.value = value.text;
  return std::nullopt;
}

Problem assign_secret(const SecretTarget& target, const Field& field, const Value& value) {
  if (value.kind != Kind::text) {
    return wants(field, value);
  }
  *target.value = Secret(value.text);
  return std::nullopt;
}

Problem assign_choice(const ChoiceTarget& target, const Field& field, const Value& value) {
  const auto word = std::ranges::find(target.words, value.text);
  if (value.kind != Kind::text || word == target.words.end()) {
    const std::string meant = value.kind == Kind::text ? closest(value.text, target.words) : "";
    return wants(field, value) + (meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant));
  }
  target.set(static_cast<std::size_t>(word - target.words.begin()));
  return std::nullopt;
}

Problem assign_boolean(const BooleanTarget& target, const Field& field, const Value& value) {
  if (value.kind != Kind::boolean) {
    return wants(field, value);
  }
  *target.value = value.boolean;
  return std::nullopt;
}

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Value split_list(std::string_view text) {
  Value array{.kind = Kind::array};
  if (trim(text).empty()) {
    return array;
  }
  for (;;) {
    const std::size_t comma = text.find(',');
    array.elements.push_back({.kind = Kind::text, .text = std::string(trim(text.substr(0, comma)))});
    if (comma == std::string_view::npos) {
      return array;
    }
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

std::optional<std::string> assign(Field& field, const Value& value) {
  return std::visit(Overloaded{
                        [&](const BooleanTarget& t) { return assign_boolean(t, field, value); },
                        [&](const IntegerTarget& t) { return assign_integer(t, field, value); },
                        [&](const RealTarget& t) { return assign_real(t, field, value); },
                        [&](const DurationTarget& t) { return assign_duration(t, field, value); },
                        [&](const TextTarget& t) { return assign_text(t, field, value); },
                        [&](const ListenTarget& t) { return assign_listen(t, field, value); },
                        [&](const ListTarget& t) { return assign_list(t, field, value); },
                        [&](const PathTarget& t) { return assign_path(t, field, value); },
                        [&](const SecretTarget& t) { return assign_secret(t, field, value); },
                        [&](const ChoiceTarget& t) { return assign_choice(t, field, value); },
                    },
                    field.target);
}

Value from_environment(const Field& field, std::string_view text) {
  const auto as_text = [text] { return Value{.kind = Kind::text, .text = std::string(text)}; };
  return std::visit(Overloaded{
                        [&](const BooleanTarget&) {
                          const bool is_boolean = text == "true" || text == "false";
                          return is_boolean ? Value{.kind = Kind::boolean, .boolean = text == "true"} : as_text();
                        },
                        [&](const IntegerTarget&) {
                          const auto number = parse_number<std::int64_t>(text);
                          return number ? Value{.kind = Kind::integer, .integer = *number} : as_text();
                        },
                        [&](const RealTarget&) {
                          const auto number = parse_number<double>(text);
                          return number ? Value{.kind = Kind::real, .real = *number} : as_text();
                        },
                        [&](const ListTarget&) { return split_list(text); },
                        [&](const auto&) { return as_text(); },
                    },
                    field.target);
}

}  // namespace mcdsl::config::internal
