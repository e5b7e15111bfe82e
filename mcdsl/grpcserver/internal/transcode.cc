#include "mcdsl/grpcserver/internal/transcode.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "mcdsl/base/bytes.h"
#include "mcdsl/http/request.h"
#include "mcdsl/json/writer.h"

namespace mcdsl::grpcserver {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// A message may hold itself: without a bound a query of 8 KiB would nest thousands, deeper than protobuf reads back.
constexpr std::size_t kMostNames = 32;

std::unexpected<Error> wrong(std::string_view path, std::string_view what) {
  return fail_visible(Code::invalid_argument, printable(path) + ": " + std::string(what));
}

const FieldDescriptor* field_named(const Descriptor& message, std::string_view name) {
  for (int i = 0; i < message.field_count(); ++i) {
    if (message.field(i)->name() == name || message.field(i)->json_name() == name) {
      return message.field(i);
    }
  }
  return nullptr;
}

// The fields that a path leads through; the last is the one it means.
Result<std::vector<const FieldDescriptor*>> walk(const Descriptor& message, std::string_view path) {
  std::vector<const FieldDescriptor*> fields;
  const Descriptor* inside = &message;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('.', at), path.size());
    if (!fields.empty()) {
      const FieldDescriptor& outer = *fields.back();
      const std::string_view outer_path = path.substr(0, at - 1);
      if (outer.is_repeated()) {
        return wrong(outer_path, outer.is_map() ? "is a map, whose entries cannot be named here"
                                                : "is repeated, and nothing within it can be named here");
      }
      inside = outer.message_type();
      if (inside == nullptr) {
        return wrong(outer_path, "has no fields of its own");
      }
    }
    if (fields.size() == kMostNames) {
      return wrong(path, "more than " + std::to_string(kMostNames) + " names");
    }
    const FieldDescriptor* field = field_named(*inside, path.substr(at, end - at));
    if (field == nullptr) {
      return wrong(path.substr(0, end), "unknown field");
    }
    fields.push_back(field);
    at = end + 1;
  }
  return fields;
}

std::string canonical(const std::vector<const FieldDescriptor*>& fields) {
  std::string path;
  for (const FieldDescriptor* field : fields) {
    path.append(path.empty() ? "" : ".").append(field->name());
  }
  return path;
}

// Whether the one is the other or within it.
bool is_within(std::string_view inner, std::string_view outer) {
  return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '.');
}

// A field of a message and what the client calls it.
struct Target {
  Message& message;
  const FieldDescriptor& field;
  std::string_view path;

  [[nodiscard]] const Reflection& reflection() const { return *message.GetReflection(); }
};

// Through the pair of functions that protobuf has for each type.
template <class Value, class Stored>
void put(const Target& target, void (Reflection::*set)(Message*, const FieldDescriptor*, Stored) const,
         void (Reflection::*add)(Message*, const FieldDescriptor*, Stored) const, Value value) {
  (target.reflection().*(target.field.is_repeated() ? add : set))(&target.message, &target.field, std::move(value));
}

template <class T>
std::optional<T> whole_number(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

template <class T>
Result<void> put_whole(const Target& target, std::string_view text,
                       void (Reflection::*set)(Message*, const FieldDescriptor*, T) const,
                       void (Reflection::*add)(Message*, const FieldDescriptor*, T) const) {
  const auto number = whole_number<T>(text);
  if (!number) {
    return wrong(target.path, "want a whole number from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
                                  std::to_string(std::numeric_limits<T>::max()));
  }
  put(target, set, add, *number);
  return {};
}

std::optional<double> real_number(std::string_view text) {
  // The names of the JSON mapping; from_chars knows others, of any case.
  if (text == "NaN") {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (text == "Infinity" || text == "-Infinity") {
    return text.front() == '-' ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || digits.front() < '0' || digits.front() > '9') {
    return std::nullopt;
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

template <class T>
Result<void> put_real(const Target& target, std::string_view text,
                      void (Reflection::*set)(Message*, const FieldDescriptor*, T) const,
                      void (Reflection::*add)(Message*, const FieldDescriptor*, T) const) {
  const auto number = real_number(text);
  if (!number || (std::isfinite(*number) && std::abs(*number) > static_cast<double>(std::numeric_limits<T>::max()))) {
    return wrong(target.path, std::is_same_v<T, float> ? "want a number in the range of a float" : "want a number");
  }
  put(target, set, add, static_cast<T>(*number));
  return {};
}

Result<void> put_enum(const Target& target, std::string_view text) {
  const EnumDescriptor& type = *target.field.enum_type();
  std::optional<int> number = whole_number<int>(text);
  if (const EnumValueDescriptor* value = type.FindValueByName(std::string(text)); value != nullptr) {
    number = value->number();
  }
  // An enum of proto3 is open: a number without a name is one of a later version.
  const bool is_open = type.file()->syntax() == google::protobuf::FileDescriptor::SYNTAX_PROTO3;
  if (!number || (!is_open && type.FindValueByNumber(*number) == nullptr)) {
    return wrong(target.path, "want the name or number of a " + type.full_name());
  }
  put(target, &Reflection::SetEnumValue, &Reflection::AddEnumValue, *number);
  return {};
}

// Base64 in either alphabet, with or without padding, as the JSON mapping takes it.
std::optional<std::string> any_base64(std::string_view text) {
  const std::size_t padded = text.size();
  while (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  if (padded != text.size() && (padded % 4 != 0 || padded - text.size() > 2)) {
    return std::nullopt;
  }
  std::string url_safe(text);
  std::ranges::replace(url_safe, '+', '-');
  std::ranges::replace(url_safe, '/', '_');
  return base64url_decode(url_safe);
}

Result<void> put_string(const Target& target, std::string_view text) {
  std::string value(text);
  if (target.field.type() == FieldDescriptor::TYPE_BYTES) {
    auto bytes = any_base64(text);
    if (!bytes) {
      return wrong(target.path, "want base64");
    }
    value = *std::move(bytes);
  } else if (!is_valid_utf8(text)) {
    return wrong(target.path, "not valid UTF-8");
  }
  put(target, &Reflection::SetString, &Reflection::AddString, std::move(value));
  return {};
}

Result<void> put_value(const Target& target, std::string_view text);

Result<void> put_message(const Target& target, std::string_view text) {
  std::string_view want;
  bool is_wrapper = false;
  switch (target.field.message_type()->well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
      want = "want a time like 2026-01-31T12:00:00Z";
      break;
    case Descriptor::WELLKNOWNTYPE_DURATION:
      want = "want seconds like 1.5s";
      break;
    case Descriptor::WELLKNOWNTYPE_FIELDMASK:
      want = "want names of fields like title,author.name";
      break;
    case Descriptor::WELLKNOWNTYPE_DOUBLEVALUE:
    case Descriptor::WELLKNOWNTYPE_FLOATVALUE:
    case Descriptor::WELLKNOWNTYPE_INT64VALUE:
    case Descriptor::WELLKNOWNTYPE_UINT64VALUE:
    case Descriptor::WELLKNOWNTYPE_INT32VALUE:
    case Descriptor::WELLKNOWNTYPE_UINT32VALUE:
    case Descriptor::WELLKNOWNTYPE_STRINGVALUE:
    case Descriptor::WELLKNOWNTYPE_BYTESVALUE:
    case Descriptor::WELLKNOWNTYPE_BOOLVALUE:
      is_wrapper = true;
      break;
    default:
      return wrong(target.path, "is a message: name one of its fields");
  }
  Message& inner = target.field.is_repeated() ? *target.reflection().AddMessage(&target.message, &target.field)
                                              : *target.reflection().MutableMessage(&target.message, &target.field);
  if (is_wrapper) {
    return put_value({inner, *inner.GetDescriptor()->FindFieldByNumber(1), target.path}, text);
  }
  if (!is_valid_utf8(text)) {
    return wrong(target.path, "not valid UTF-8");
  }
  json::Writer quoted;
  quoted.value(text);
  if (!read_json(inner, quoted.view())) {
    return wrong(target.path, want);
  }
  return {};
}

Result<void> put_value(const Target& target, std::string_view text) {
  switch (target.field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return put_whole<std::int32_t>(target, text, &Reflection::SetInt32, &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return put_whole<std::int64_t>(target, text, &Reflection::SetInt64, &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return put_whole<std::uint32_t>(target, text, &Reflection::SetUInt32, &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return put_whole<std::uint64_t>(target, text, &Reflection::SetUInt64, &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return put_real<double>(target, text, &Reflection::SetDouble, &Reflection::AddDouble);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return put_real<float>(target, text, &Reflection::SetFloat, &Reflection::AddFloat);
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text != "true" && text != "false") {
        return wrong(target.path, "want true or false");
      }
      put(target, &Reflection::SetBool, &Reflection::AddBool, text == "true");
      return {};
    case FieldDescriptor::CPPTYPE_ENUM:
      return put_enum(target, text);
    case FieldDescriptor::CPPTYPE_STRING:
      return put_string(target, text);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return target.field.is_map() ? wrong(target.path, "is a map, which cannot be given here")
                                   : put_message(target, text);
  }
  return wrong(target.path, "cannot be given here");
}

// Whether another field of the same `oneof` is set already; its setting would silently undo the other.
const FieldDescriptor* rival(const Message& message, const FieldDescriptor& field) {
  const auto* oneof = field.real_containing_oneof();
  if (oneof == nullptr) {
    return nullptr;
  }
  const FieldDescriptor* set = message.GetReflection()->GetOneofFieldDescriptor(message, oneof);
  return set == &field ? nullptr : set;
}

Result<void> set_at(Message& message, const std::vector<const FieldDescriptor*>& fields, std::string_view path,
                    std::string_view text) {
  Message* inside = &message;
  for (const FieldDescriptor* field : fields) {
    if (const FieldDescriptor* other = rival(*inside, *field); other != nullptr) {
      return wrong(path, "cannot be given together with " + other->name());
    }
    if (field != fields.back()) {
      inside = inside->GetReflection()->MutableMessage(inside, field);
    }
  }
  return put_value({*inside, *fields.back(), path}, text);
}

}  // namespace

Result<const FieldDescriptor*> find_field(const Descriptor& message, std::string_view path) {
  const auto fields = walk(message, path);
  if (!fields) {
    return fail(fields.error());
  }
  return fields->back();
}

Result<void> set_field(Message& message, std::string_view path, std::string_view text) {
  const auto fields = walk(*message.GetDescriptor(), path);
  if (!fields) {
    return fail(fields.error());
  }
  return set_at(message, *fields, path, text);
}

Result<void> apply_query(Message& message, std::string_view raw_query, std::span<const std::string> bound) {
  std::set<std::string> given;
  while (!raw_query.empty()) {
    const std::string_view pair = raw_query.substr(0, raw_query.find('&'));
    raw_query.remove_prefix(std::min(pair.size() + 1, raw_query.size()));
    if (pair.empty()) {
      continue;
    }
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto path = http::percent_decode(pair.substr(0, equals), /*plus_is_space=*/true);
    const auto text = http::percent_decode(pair.substr(std::min(equals + 1, pair.size())), /*plus_is_space=*/true);
    if (!path || !text) {
      return fail_visible(Code::invalid_argument, "the query has a broken escape, NUL or malformed UTF-8");
    }
    const auto fields = walk(*message.GetDescriptor(), *path);
    if (!fields) {
      return fail(fields.error());
    }
    const std::string name = canonical(*fields);
    for (const std::string& taken : bound) {
      if (is_within(name, taken) || is_within(taken, name)) {
        return wrong(*path, "comes from the path or the body, not from the query");
      }
    }
    if (!given.insert(name).second && !fields->back()->is_repeated()) {
      return wrong(*path, "is there twice");
    }
    if (auto set = set_at(message, *fields, *path, *text); !set) {
      return set;
    }
  }
  return {};
}

}  // namespace mcdsl::grpcserver
