#pragma once

#include <cstdint>
#include <string>

#include <google/protobuf/compiler/code_generator.h>

namespace mcdsl::protoc_gen {

/// Writes "<stem>.mcdsl.h" and "<stem>.mcdsl.cc": for each service an abstract class with a method for each RPC. For a
/// file without services both are there and hold nothing, so that a build can name them before it has read the file.
class Generator final : public google::protobuf::compiler::CodeGenerator {
 public:
  bool Generate(const google::protobuf::FileDescriptor* file, const std::string& parameter,
                google::protobuf::compiler::GeneratorContext* context, std::string* error) const override;

  [[nodiscard]] std::uint64_t GetSupportedFeatures() const override { return FEATURE_PROTO3_OPTIONAL; }
};

}  // namespace mcdsl::protoc_gen
