// Makes C++ of templates and assets, so that they are part of a program. Called by mcdsl_templates() and mcdsl_assets()
// of cmake/McdslWeb.cmake, which say what is written where:
//
//   mcdsl-web-embed templates|assets NAMESPACE FUNCTION STEM ROOT NAME...
//
// STEM.h declares the function, STEM.cc has the bytes of the files ROOT/NAME. A template that cannot be taken fails the
// build with its file and line.

#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "tools/mcdsl-web-embed/generated.h"

namespace mcdsl::web_embed {
namespace {

void run(std::span<const std::string> arguments) {
  if (arguments.size() < 5 || (arguments[0] != "templates" && arguments[0] != "assets")) {
    throw Exception(Code::invalid_argument,
                    "usage: mcdsl-web-embed templates|assets NAMESPACE FUNCTION STEM ROOT NAME...");
  }
  const bool is_assets = arguments[0] == "assets";
  const Symbol symbol{.name_space = arguments[1], .function = arguments[2]};
  const std::string& stem = arguments[3];
  const std::string& root = arguments[4];
  constexpr std::size_t kLargest = std::size_t{64} << 20U;
  std::vector<EmbeddedFile> files;
  for (const std::string& name : arguments.subspan(5)) {
    files.push_back({.name = name, .bytes = value_or_throw(read_file(root + "/" + name, kLargest))});
  }
  std::string source;
  try {
    source = is_assets ? assets_source(files, symbol) : templates_source(files, symbol);
  } catch (const Exception& exception) {
    throw Exception(Error(exception.error().code(), root + "/" + exception.error().message()));
  }
  constexpr std::uint32_t kMode = 0644;
  write_file_atomically(stem + ".h", header_of(is_assets ? "asset" : "template", symbol), kMode);
  write_file_atomically(stem + ".cc", source, kMode);
}

}  // namespace
}  // namespace mcdsl::web_embed

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    mcdsl::web_embed::run(arguments);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
