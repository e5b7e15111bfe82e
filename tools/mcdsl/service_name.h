#pragma once

#include <string>
#include <string_view>

namespace mcdsl::tool {

/// The name of a service in the spellings that its files need.
struct ServiceName {
  std::string dashed;       ///< "my-notes": the program, its folder, its user
  std::string underscored;  ///< "my_notes": the namespace in C++ and in protobuf
  std::string pascal;       ///< "MyNotes": the class and the service in protobuf
  std::string upper;        ///< "MY_NOTES": what its environment variables begin with
};

/// Throws Exception (invalid_argument), saying what a name may be, for one that cannot be all of these.
[[nodiscard]] ServiceName parse_service_name(std::string_view name);

}  // namespace mcdsl::tool
