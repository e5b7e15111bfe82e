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

Result<void> check_whole_field(const google::protobuf::Descriptor& message, const std::string& name) {
  const auto field = find_field(message, name);
  if (!field) {
    return std::unexpected(field.error());
  }
  if ((*field)->is_repeated() || (*field)->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return fail(Code::internal, "the field \"" + name + "\" is no message, which a body has to be");
  }
  return {};
}

Result<RestBinding> bind(const google::protobuf::MethodDescriptor& method, const HttpRule& rule) {
  const auto [kind, text] = pattern_of(rule);
  const auto parsed = http::parse_method(kind);
  if (!parsed) {
    return fail(Code::internal, "\"" + printable(kind) + "\" is no method of HTTP that is served here");
  }
  auto path = PathTemplate::parse(text);
  if (!path) {
    return std::unexpected(path.error().wrap("\"" + printable(text) + "\""));
  }
  for (const std::string& field : path->field_paths()) {
    if (const auto found = find_field(*method.input_type(), field); !found) {
      return std::unexpected(found.error().wrap("\"" + printable(text) + "\""));
    }
  }
  if (!rule.body().empty() && rule.body() != "*") {
    if (const auto whole = check_whole_field(*method.input_type(), rule.body()); !whole) {
      return std::unexpected(whole.error().wrap("body of \"" + printable(text) + "\""));
    }
  }
  if (!rule.response_body().empty()) {
    if (const auto whole = check_whole_field(*method.output_type(), rule.response_body()); !whole) {
      return std::unexpected(whole.error().wrap("response_body of \"" + printable(text) + "\""));
    }
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
  for (const HttpRule* each : rules) {
    auto binding = bind(method, *each);
    if (!binding) {
      return std::unexpected(std::move(binding).error());
    }
    bindings.push_back(*std::move(binding));
  }
  return bindings;
}

Result<void> RestMessage::read_body(google::protobuf::Message& into) {
  const std::string_view body = request_.body();
  if (binding_.body.empty()) {
    return body.empty() ? Result<void>()
                        : fail_visible(Code::invalid_argument, "the request has a body, and takes none");
  }
  if (body.empty()) {
    return {};  // every field has its default
  }
  if (!is_json(request_)) {
    has_wrong_type_ = true;
    return fail_visible(Code::invalid_argument, "the content-type of the body is not application/json");
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
