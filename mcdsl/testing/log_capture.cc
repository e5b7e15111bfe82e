#include "mcdsl/testing/log_capture.h"

namespace mcdsl::testing {

void LogCapture::Memory::write(log::Level /*level*/, std::string_view line) noexcept {
  const std::scoped_lock lock(mutex);
  text.append(line);
}

LogCapture::LogCapture(log::Format format) : logger_(memory_, format) {
  logger_.set_level(log::Level::debug);
}

std::string LogCapture::text() const {
  const std::scoped_lock lock(memory_->mutex);
  return memory_->text;
}

}  // namespace mcdsl::testing
