#include "mcdsl/grpcserver/internal/rest.h"

#include <algorithm>
#include <utility>

#include <google/api/annotations.pb.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"
#include "mcdsl/grpcserver/internal/transcode.h"

namespace mcdsl::grpcserver {
namespace {

using google::api::HttpRule;
using google::protobuf::FieldDescriptor;

struct MethodAndPath {
  std::string method;
  std::string path;
};

MethodAndPath pattern_of(const HttpRule& rule) {
  switch (rule.pattern_case()) {
    case HttpRule::kGet:
      return {"GET", rule.get()};
    case HttpRule::kPut:
      return {"PUT", rule.put()};
    case HttpRule::kPost:
      return {"POST", rule.post()};
    case HttpRule::kDelete:
      return {"DELETE", rule.delete_()};
    case HttpRule::kPatch:
      return {"PATCH", rule.patch()};
    case HttpRule::kCustom:
      return {rule.custom().kind(), rule.custom().path()};
    case HttpRule::PATTERN_NOT_SET:
      break;
  }
  return {};
}

// A field that a body can be: one of the message's own, not one within another (google.api.HttpRule, body).
Result<void> check_whole_field(const google::protobuf::Descriptor& message, const std::string& name) {
  const auto field = find_field(message, name);
  if (!field) {
    return std::unexpected(field.error());
  }
  if (name.contains('.')) {
    return fail(Code::internal, "the field \"" + name + "\" is within another, and a body is a whole field");
  }
  if ((*field)->is_repeated() || (*field)->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return fail(Code::internal, "the field \"" + name + "\" is no message, which a body has to be");
  }
  return {};
}

Result<void> check_path_field(const google::protobuf::Descriptor& message, const std::string& path) {
  const auto field = find_field(message, path);
  if (!field) {
    return std::unexpected(field.error());
  }
  if ((*field)->is_repeated()) {
    return fail(Code::internal, "the field \"" + path + "\" is repeated, and a path has one value");
  }
  return {};
}

// One binding, unless something is wrong with it: then all of that is added to `mistakes`.
std::optional<RestBinding> bind(const google::protobuf::MethodDescriptor& method, const HttpRule& rule,
                                std::vector<std::string>& mistakes) {
  const auto [kind, text] = pattern_of(rule);
  const std::string shown = "\"" + printable(text) + "\"";
  const std::size_t before = mistakes.size();
  const auto check = [&](const auto& result, const std::string& where) {
    if (!result) {
      mistakes.push_back(result.error().wrap(where).to_string());
    }
  };
  const auto parsed = http::parse_method(kind);
  if (!parsed) {
    mistakes.push_back("\"" + printable(kind) + "\" is no method of HTTP that is served here");
  } else if (*parsed == http::Method::head) {
    mistakes.push_back(shown + ": HEAD is answered by the route for GET");
  }
  auto path = PathTemplate::parse(text);
  check(path, shown);
  for (const std::string& field : path ? path->field_paths() : std::vector<std::string>()) {
    check(check_path_field(*method.input_type(), field), shown);
  }
  if (!rule.body().empty() && rule.body() != "*") {
    check(check_whole_field(*method.input_type(), rule.body()), "body of " + shown);
  }
  if (!rule.response_body().empty()) {
    check(check_whole_field(*method.output_type(), rule.response_body()), "response_body of " + shown);
  }
  if (mistakes.size() != before) {
    return std::nullopt;
  }
  return RestBinding{*parsed, *std::move(path), rule.body(), rule.response_body()};
}

bool is_json(const http::Request& request) {
  const auto type = request.header("content-type");
  return !type || http::equal_ignoring_case(http::trim(type->substr(0, type->find(';'))), "application/json");
}

}  // namespace

Result<std::vector<RestBinding>> rest_bindings(const google::protobuf::MethodDescriptor& method) {
  std::vector<RestBinding> bindings;
  if (!method.options().HasExtension(google::api::http)) {
    return bindings;
  }
  if (method.client_streaming()) {
    return fail(Code::internal, "a method whose caller streams has no REST route");
  }
  const HttpRule& rule = method.options().GetExtension(google::api::http);
  std::vector<const HttpRule*> rules{&rule};
  for (const HttpRule& additional : rule.additional_bindings()) {
    rules.push_back(&additional);
  }
  std::vector<std::string> mistakes;
  for (const HttpRule* each : rules) {
    if (auto binding = bind(method, *each, mistakes)) {
      bindings.push_back(*std::move(binding));
    }
    if (each != &rule && each->additional_bindings_size() != 0) {
      mistakes.emplace_back("additional_bindings within additional_bindings");  // HttpRule allows one level
    }
  }
  if (!mistakes.empty()) {
    std::string text;
    for (const std::string& mistake : mistakes) {
      text.append(text.empty() ? "" : "; ").append(mistake);
    }
    return fail(Code::internal, std::move(text));
  }
  return bindings;
}

Result<void> RestMessage::read_body(google::protobuf::Message& into) {
  std::string_view body = request_.body();
  if (binding_.body.empty()) {
    return body.empty() ? Result<void>()
                        : fail_visible(Code::invalid_argument, "the request has a body, and takes none");
  }
  if (body.empty()) {
    return {};  // every field has its default
  }
  if (!is_json(request_)) {
    status_ = 415;
    return fail_visible(Code::invalid_argument, "the content-type of the body is not application/json");
  }
  std::string unpacked;
  if (format_.received == Encoding::gzip) {
    auto bytes = gunzip(body, format_.limits.received);
    if (!bytes) {
      status_ = bytes.error().code() == Code::resource_exhausted ? 413 : 0;
      return std::unexpected(std::move(bytes).error());
    }
    body = unpacked = *std::move(bytes);
  }
  if (binding_.body == "*") {
    return read_json(into, body);
  }
  const FieldDescriptor* field = value_or_throw(find_field(*into.GetDescriptor(), binding_.body));
  return read_json(*into.GetReflection()->MutableMessage(&into, field), body);
}

Result<bool> RestMessage::read(google::protobuf::Message& into) {
  if (std::exchange(is_read_, true)) {
    return false;
  }
  if (auto body = read_body(into); !body) {
    return fault(std::move(body).error());
  }
  std::vector<std::string> bound = binding_.path.field_paths();
  const auto values = binding_.path.match(request_.path());
  if (!values) {
    return fault(Error::visible(Code::invalid_argument, "malformed path"));
  }
  for (const auto& [field, text] : *values) {
    if (const auto* descriptor = value_or_throw(find_field(*into.GetDescriptor(), field));
        binding_.body == "*" && descriptor->containing_type() == into.GetDescriptor()) {
      into.GetReflection()->ClearField(&into, descriptor);  // the path wins over the body
    }
    if (auto set = set_field(into, field, text); !set) {
      return fault(std::move(set).error());
    }
  }
  if (binding_.body == "*") {
    if (!request_.query().empty()) {
      return fault(Error::visible(Code::invalid_argument, "the request takes no query: its body has every field"));
    }
    return true;
  }
  if (!binding_.body.empty()) {
    bound.push_back(binding_.body);
  }
  if (auto query = apply_query(into, request_.query(), bound); !query) {
    return fault(std::move(query).error());
  }
  return true;
}

Result<void> ResponseBody::write(const google::protobuf::Message& message) {
  if (binding_.response_body.empty()) {
    return to_.write(message);
  }
  const auto* field = value_or_throw(find_field(*message.GetDescriptor(), binding_.response_body));
  return to_.write(message.GetReflection()->GetMessage(message, field));
}

}  // namespace mcdsl::grpcserver
