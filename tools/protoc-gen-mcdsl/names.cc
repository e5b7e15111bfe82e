#include "tools/protoc-gen-mcdsl/names.h"

#include <array>
#include <charconv>
#include <string_view>

#include <google/protobuf/compiler/code_generator.h>
#include <google/protobuf/compiler/cpp/names.h>
#include <google/protobuf/descriptor.pb.h>

namespace mcdsl::protoc_gen {
namespace {

namespace compiler = google::protobuf::compiler;

bool is_letter_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// How protoc writes the name of a file in the names of its own symbols: "a/b.proto" is a_2fb_2eproto.
std::string file_identifier(std::string_view name) {
  std::string identifier;
  for (const char c : name) {
    if (is_letter_or_digit(c)) {
      identifier += c;
      continue;
    }
    std::array<char, 2> hex{};
    const auto end = std::to_chars(hex.data(), hex.data() + hex.size(), static_cast<unsigned char>(c), 16).ptr;
    identifier.append("_").append(hex.data(), end);
  }
  return identifier;
}

}  // namespace

std::string cpp_name(const std::string& name) {
  // protoc keeps its list of keywords to itself, but tells what it calls the value of an enum.
  google::protobuf::FileDescriptorProto file;
  file.set_name("name.proto");
  google::protobuf::EnumDescriptorProto& type = *file.add_enum_type();
  type.set_name(name + "_");
  type.add_value()->set_name(name);
  type.mutable_value(0)->set_number(0);
  google::protobuf::DescriptorPool pool;
  return compiler::cpp::EnumValueName(pool.BuildFile(file)->enum_type(0)->value(0));
}

std::string cpp_namespace(const google::protobuf::FileDescriptor& file) {
  std::string name;
  for (const char c : file.package()) {
    name += c == '.' ? "::" : std::string(1, c);
  }
  return name;
}

std::string class_name(const google::protobuf::ServiceDescriptor& service) {
  return service.name() + "Base";
}

std::string stem(const google::protobuf::FileDescriptor& file) {
  return compiler::StripProto(file.name());
}

std::string descriptor_of(const google::protobuf::FileDescriptor& file) {
  if (file.message_type_count() > 0) {
    return compiler::cpp::QualifiedClassName(file.message_type(0)) + "::descriptor()->file()";
  }
  // A file of services alone has no type to name, only what protoc registers it by.
  return "::google::protobuf::DescriptorPool::generated_pool()->FindFileByName(::descriptor_table_" +
         file_identifier(file.name()) + ".filename)";
}

}  // namespace mcdsl::protoc_gen
