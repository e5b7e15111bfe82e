#include "mcdsl/config/internal/text.h"

#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/time.h"
#include "mcdsl/config/internal/overloaded.h"

namespace mcdsl::config::internal {
namespace {

constexpr std::string_view kMask = "\"********\"";
constexpr std::size_t kQuotedBytes = 60;

std::string_view escape_of(char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    case '\r':
      return "\\r";
    default:
      return {};
  }
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

std::string toml_array(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) {
    quoted.push_back(toml_string(text));
  }
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

template <class T, class Print>
std::string with_range(std::string_view noun, T min, T max, const Print& print) {
  const bool has_min = min > std::numeric_limits<T>::lowest();
  const bool has_max = max < std::numeric_limits<T>::max();
  if (has_min && has_max) {
    return fmt::format("{} from {} to {}", noun, print(min), print(max));
  }
  if (has_min) {
    return fmt::format("{} of at least {}", noun, print(min));
  }
  return has_max ? fmt::format("{} of at most {}", noun, print(max)) : std::string(noun);
}

std::string duration_type(const DurationTarget& target) {
  const auto print = [](std::int64_t count) { return format_duration(std::chrono::nanoseconds(count)); };
  const std::int64_t min = target.min.count();
  constexpr std::string_view kNoun = "a duration (\"30s\", \"1h30m\")";
  if (min == 0 && target.max == std::chrono::nanoseconds::max()) {
    return std::string(kNoun);
  }
  return with_range(kNoun, min, target.max.count(), print);
}

std::string_view text_type(Format format) {
  switch (format) {
    case Format::host_port:
      return "an address (\"host:port\")";
    case Format::url:
      return "a URL";
    case Format::cidr:
      return "an IP address or block (\"10.0.0.0/8\")";
    case Format::any:
      break;
  }
  return "a string";
}

std::string_view list_type(Format format) {
  return format == Format::cidr ? "an array of IP addresses or blocks (\"10.0.0.0/8\")" : "an array of strings";
}

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::boolean:
      return "a boolean";
    case Kind::integer:
      return "an integer";
    case Kind::real:
      return "a float";
    case Kind::text:
      return "a string";
    case Kind::date:
      return "a date or time";
    case Kind::array:
      return "an array";
    case Kind::table:
      return "a table";
  }
  return "";
}

}  // namespace

std::string toml_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (const std::string_view escape = escape_of(c); !escape.empty()) {
      quoted += escape;
    } else if (is_control(c)) {
      quoted += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      quoted += c;
    }
  }
  return quoted += '"';
}

std::string toml_real(double number) {
  std::string text = fmt::format("{}", number);
  if (text.find_first_of(".en") == std::string::npos) {
    text += ".0";
  }
  return text;
}

std::string toml_value(const Field& field) {
  return std::visit(Overloaded{
                        [](const BooleanTarget& t) { return std::string(*t.value ? "true" : "false"); },
                        [](const IntegerTarget& t) { return std::to_string(t.get()); },
                        [](const RealTarget& t) { return toml_real(*t.value); },
                        [](const DurationTarget& t) { return toml_string(format_duration(*t.value)); },
                        [](const TextTarget& t) { return toml_string(*t.value); },
                        [](const ListenTarget& t) { return toml_string(*t.value); },
                        [](const ListTarget& t) { return toml_array(*t.value); },
                        [](const PathTarget& t) { return toml_string(t.value->string()); },
                        [](const SecretTarget& t) { return std::string(t.value->empty() ? "\"\"" : kMask); },
                        [](const ChoiceTarget& t) { return toml_string(t.words.at(t.get())); },
                    },
                    field.target);
}

std::string type_of(const Field& field) {
  return std::visit(
      Overloaded{
          [](const BooleanTarget&) { return std::string("true or false"); },
          [](const IntegerTarget& t) {
            return with_range("an integer", t.min, t.max, [](std::int64_t n) { return n; });
          },
          [](const RealTarget& t) { return with_range("a number", t.min, t.max, [](double n) { return n; }); },
          [](const DurationTarget& t) { return duration_type(t); },
          [](const TextTarget& t) { return std::string(text_type(t.format)); },
          [](const ListenTarget&) { return std::string("an address to listen on (\"host:port\", \"unix:/path\")"); },
          [](const ListTarget& t) { return std::string(list_type(t.format)); },
          [](const PathTarget&) { return std::string("a path"); },
          [](const SecretTarget&) { return std::string("a secret string"); },
          [](const ChoiceTarget& t) { return fmt::format("one of {}", fmt::join(t.words, ", ")); },
      },
      field.target);
}

std::string found(const Value& value, const Field& field) {
  if (field.is_secret()) {
    return std::string(name_of(value.kind));
  }
  switch (value.kind) {
    case Kind::boolean:
      return value.boolean ? "true" : "false";
    case Kind::integer:
      return std::to_string(value.integer);
    case Kind::real:
      return toml_real(value.real);
    case Kind::text:
      return fmt::format("\"{}\"", printable(value.text, kQuotedBytes));
    default:
      return std::string(name_of(value.kind));
  }
}

bool can_be_empty(const Field& field) {
  return std::visit(Overloaded{
                        [](const TextTarget&) { return true; },
                        [](const ListenTarget&) { return true; },
                        [](const ListTarget&) { return true; },
                        [](const PathTarget&) { return true; },
                        [](const SecretTarget&) { return true; },
                        [](const auto&) { return false; },
                    },
                    field.target);
}

bool is_empty(const Field& field) {
  return std::visit(Overloaded{
                        [](const TextTarget& t) { return t.value->empty(); },
                        [](const ListenTarget& t) { return t.value->empty(); },
                        [](const ListTarget& t) { return t.value->empty(); },
                        [](const PathTarget& t) { return t.value->empty(); },
                        [](const SecretTarget& t) { return t.value->empty(); },
                        [](const auto&) { return false; },
                    },
                    field.target);
}

bool must_be_set(const Field& field) {
  return field.required && (is_empty(field) || !can_be_empty(field));
}

}  // namespace mcdsl::config::internal
