#include "mcdsl/http/internal/parameters.h"

#include <algorithm>
#include <utility>

#include "mcdsl/http/headers.h"

namespace mcdsl::http::internal {
namespace {

void skip_space(std::string_view& rest) noexcept {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
}

// Takes a quoted string, whose first quote is at the front, off the text; nullopt where its last quote is missing.
std::optional<std::string> take_quoted(std::string_view& rest) {
  std::string value;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return value;
    }
    if (rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\')) {
      ++i;
    }
    value.push_back(rest[i]);
  }
  return std::nullopt;
}

std::optional<std::string> take_value(std::string_view& rest) {
  if (rest.starts_with('"')) {
    return take_quoted(rest);
  }
  const std::string_view word = rest.substr(0, rest.find_first_of("; \t"));
  if (!is_token(word)) {
    return std::nullopt;
  }
  rest.remove_prefix(word.size());
  return std::string(word);
}

}  // namespace

std::optional<std::vector<Parameter>> parse_parameters(std::string_view text) {
  std::vector<Parameter> found;
  for (skip_space(text); !text.empty(); skip_space(text)) {
    if (text.front() != ';') {
      return std::nullopt;
    }
    text.remove_prefix(1);
    skip_space(text);
    const std::string_view name = text.substr(0, text.find('='));
    if (name.size() == text.size() || !is_token(name) || find_parameter(found, name) != nullptr) {
      return std::nullopt;
    }
    text.remove_prefix(name.size() + 1);
    auto value = take_value(text);
    if (!value) {
      return std::nullopt;
    }
    found.push_back({.name = name, .value = *std::move(value)});
  }
  return found;
}

const std::string* find_parameter(const std::vector<Parameter>& parameters, std::string_view name) noexcept {
  const auto found =
      std::ranges::find_if(parameters, [&](const Parameter& one) { return equal_ignoring_case(one.name, name); });
  return found == parameters.end() ? nullptr : &found->value;
}

}  // namespace mcdsl::http::internal
