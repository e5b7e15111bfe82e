#include "mcdsl/testing/temp_dir.h"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"

namespace mcdsl::testing {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "mcdsl-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw Exception(Code::internal, "create a temporary folder " + name + ": " + errno_text(errno));
  }
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path TempDir::write(std::string_view name, std::string_view bytes) const {
  const auto file = path_ / name;
  std::filesystem::create_directories(file.parent_path());
  write_file_atomically(file, bytes);
  return file;
}

}  // namespace mcdsl::testing
