#include "mcdsl/db/internal/origin.h"

#include <filesystem>

namespace mcdsl::db::internal {

std::string describe(const char* file, std::uint32_t line) {
  return std::filesystem::path(file != nullptr ? file : "?").filename().string() + ":" + std::to_string(line);
}

}  // namespace mcdsl::db::internal
