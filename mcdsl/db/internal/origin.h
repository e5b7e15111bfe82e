#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "mcdsl/config/standard.h"

namespace mcdsl::db::internal {

/// A place in the program: "documents.cc:57". `file` may be a null pointer.
[[nodiscard]] std::string describe(const char* file, std::uint32_t line);

/// Whether a job that took so long is to be logged.
[[nodiscard]] inline bool is_slow(const config::Database& settings, std::chrono::nanoseconds took) noexcept {
  return settings.slow_job > std::chrono::nanoseconds(0) && took >= settings.slow_job;
}

}  // namespace mcdsl::db::internal
