#pragma once

#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>

namespace mcdsl::protoc_gen {

/// What is wrong with the services of a file, one sentence each that names service and method. Empty: code can be made.
[[nodiscard]] std::vector<std::string> faults_of(const google::protobuf::FileDescriptor& file);

}  // namespace mcdsl::protoc_gen
