#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "mcdsl/base/log.h"

namespace mcdsl::testing {

/// Keeps the lines that are logged, for a test to look at. Threads: safe from any thread.
class LogCapture {
 public:
  explicit LogCapture(log::Format format = log::Format::logfmt);

  /// A logger at level debug that writes here.
  [[nodiscard]] const log::Logger& logger() const noexcept { return logger_; }
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool contains(std::string_view piece) const { return text().contains(piece); }

 private:
  struct Memory final : log::Sink {
    void write(log::Level level, std::string_view line) noexcept override;
    std::mutex mutex;
    std::string text;
  };

  std::shared_ptr<Memory> memory_ = std::make_shared<Memory>();
  log::Logger logger_;
};

}  // namespace mcdsl::testing
