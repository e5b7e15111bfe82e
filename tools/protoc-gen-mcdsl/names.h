#pragma once

#include <string>

#include <google/protobuf/descriptor.h>

namespace mcdsl::protoc_gen {

/// What code calls a thing of that name: a keyword of C++ gets an underscore, as in the code of protoc itself.
[[nodiscard]] std::string cpp_name(const std::string& name);

/// "mcq::v1"; empty for a file without a package.
[[nodiscard]] std::string cpp_namespace(const google::protobuf::FileDescriptor& file);

/// "DocumentServiceBase".
[[nodiscard]] std::string class_name(const google::protobuf::ServiceDescriptor& service);

/// "mcq/v1/document" of "mcq/v1/document.proto".
[[nodiscard]] std::string stem(const google::protobuf::FileDescriptor& file);

/// An expression of type `const google::protobuf::FileDescriptor*` that makes the linker keep the file's descriptors.
[[nodiscard]] std::string descriptor_of(const google::protobuf::FileDescriptor& file);

}  // namespace mcdsl::protoc_gen
