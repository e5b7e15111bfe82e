#include <algorithm>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

#include "mcdsl/base/bytes.h"
#include "mcdsl/grpcserver/internal/transcode.h"

namespace mcdsl::grpcserver {
namespace {

using google::protobuf::Message;

// Reads a document without keeping it, and notes the first thing that is wrong. protobuf's parser takes single quotes,
// bare names, trailing commas and fields given twice, and what it builds is as deep as the document.
class StrictReader {
 public:
  explicit StrictReader(std::size_t max_depth) : max_depth_(max_depth) {}

  // What the parser calls; false stops it.
  bool null() { return true; }
  bool boolean(bool /*truth*/) { return true; }
  bool number_integer(std::int64_t /*number*/) { return true; }
  bool number_unsigned(std::uint64_t /*number*/) { return true; }
  bool number_float(double /*number*/, const std::string& /*text*/) { return true; }
  bool string(const std::string& /*text*/) { return true; }
  bool binary(const std::vector<std::uint8_t>& /*bytes*/) { return false; }  // never in JSON text
  bool key(const std::string& name) {
    names_.back().push_back(name);
    return true;
  }
  bool start_object(std::size_t /*count*/) { return open(); }
  bool start_array(std::size_t /*count*/) { return open(); }
  bool end_object() {
    // By sorting: an object with a hundred thousand fields must not cost the square of that.
    std::vector<std::string>& names = names_.back();
    std::ranges::sort(names);
    if (const auto twin = std::ranges::adjacent_find(names); twin != names.end()) {
      wrong_ = printable(*twin) + ": the field is there twice";
      return false;
    }
    return end_array();
  }
  bool end_array() {
    names_.pop_back();
    return true;
  }
  bool parse_error(std::size_t bytes_read, const std::string& /*token*/, const std::exception& /*quotes the text*/) {
    wrong_ = "malformed JSON at byte " + std::to_string(bytes_read == 0 ? 0 : bytes_read - 1);
    return false;
  }

  [[nodiscard]] const std::string& wrong() const { return wrong_; }

 private:
  bool open() {
    if (names_.size() == max_depth_) {
      wrong_ = "nested deeper than " + std::to_string(max_depth_) + " levels";
      return false;
    }
    names_.emplace_back();
    return true;
  }

  std::size_t max_depth_;
  std::vector<std::vector<std::string>> names_;  // of each open object; empty for an open array
  std::string wrong_;
};

// "TYPE_INT32" and "type.googleapis.com/mcq.v1.Note" as a person would say them.
std::string type_name(std::string_view type) {
  if (type.starts_with("TYPE_")) {
    std::string name(type.substr(5));
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return name;
  }
  return std::string(type.substr(type.rfind('/') + 1));
}

std::string at(std::string_view place, std::string_view what) {
  return place.empty() ? std::string(what) : printable(place) + ": " + std::string(what);
}

// What protobuf 3.21 said, without the value that it quotes: the value may be a secret, and this goes to the log. Its
// forms: `(place): invalid value VALUE for type TYPE` (with the field for a type where an object
// stands for a scalar), `(place) name: Cannot find field.`, `name: Proto field is not
// repeating, cannot start list.`
std::string without_value(std::string_view said, const Message& message) {
  constexpr std::string_view kInvalid = ": invalid value ";
  constexpr std::string_view kType = " for type ";
  constexpr std::string_view kNoObject = "Starting an object on a scalar field";
  constexpr std::string_view kUnknown = ": Cannot find field.";
  constexpr std::string_view kNoList = ": Proto field is not repeating, cannot start list.";

  std::string_view place;
  std::string_view rest = said;
  if (rest.starts_with('(')) {
    const std::size_t close = std::min(rest.find(')'), rest.size() - 1);
    place = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
  }
  if (rest.starts_with(kInvalid)) {
    const std::size_t type = rest.rfind(kType);
    if (type != std::string_view::npos) {
      const std::string_view type_said = rest.substr(type + kType.size());
      if (rest.substr(kInvalid.size(), type - kInvalid.size()) == kNoObject) {
        return at(type_said, "want no object");
      }
      return at(place, "not a valid " + type_name(type_said));
    }
  }
  if (rest.starts_with(' ')) {
    rest.remove_prefix(1);
  }
  for (const auto& [ending, what] : {std::pair{kUnknown, "unknown field"}, std::pair{kNoList, "want no array"}}) {
    if (rest.ends_with(ending)) {
      const std::string_view name = rest.substr(0, rest.size() - ending.size());
      return at(place.empty() ? std::string(name) : std::string(place) + '.' + std::string(name), what);
    }
  }
  return "not a valid " + message.GetDescriptor()->full_name();
}

}  // namespace

Result<void> read_json(Message& message, std::string_view json, std::size_t max_depth) {
  if (!is_valid_utf8(json)) {
    return fail_visible(Code::invalid_argument, "the JSON document is not valid UTF-8");
  }
  StrictReader reader(max_depth);
  if (!nlohmann::json::sax_parse(json, &reader)) {
    return fail_visible(Code::invalid_argument, reader.wrong());
  }
  const auto status = google::protobuf::util::JsonStringToMessage({json.data(), json.size()}, &message);
  if (!status.ok()) {
    const auto said = status.message();
    return fail_visible(Code::invalid_argument, without_value({said.data(), said.size()}, message));
  }
  return {};
}

Result<std::string> write_json(const Message& message, bool with_defaults) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = with_defaults;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) {
    return fail(Code::internal, message.GetDescriptor()->full_name() + " cannot be written as JSON: " +
                                    std::string(status.message().data(), status.message().size()));
  }
  return json;
}

}  // namespace mcdsl::grpcserver
