#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "mcdsl/cli/command.h"
#include "tools/mcdsl/service_name.h"

namespace mcdsl::tool {

/// What a new service is to have.
struct NewService {
  ServiceName name;
  std::string library_version;  ///< of mcdsl, that it asks for: "0.1.0"
  bool has_grpc = false;
  bool has_web = false;
};

struct NewFile {
  std::string path;
  std::string text;
  bool is_executable = false;
};

/// The files of a new service: those of scaffold/, where the service is called my-notes, with the name in its place in
/// all four spellings, and without the lines that stand between `[if …]` and `[end]` for what it does not have.
/// Throws Exception (internal) for a scaffold whose `[if …]` and `[end]` do not pair.
[[nodiscard]] std::vector<NewFile> files_of(const NewService& service);

/// `mcdsl new NAME`: writes them into a folder that is not there yet, whole or not at all. What it cannot do is thrown
/// as Exception.
[[nodiscard]] cli::Command new_command(std::ostream& out, const std::string& library_version);

}  // namespace mcdsl::tool
