// Bytes from outside that base reads: durations, times, UTF-8, base64url, hex, and what quoting makes of them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/log.h"
#include "mcdsl/base/time.h"

namespace {

void require(bool fact) {
  if (!fact) {
    std::abort();
  }
}

void check_times(std::string_view text) {
  if (const auto duration = mcdsl::parse_duration(text)) {
    require(mcdsl::parse_duration(mcdsl::format_duration(*duration)) == *duration);
  } else {
    require(mcdsl::is_valid_utf8(duration.error().message()));
  }
  if (const auto time = mcdsl::parse_rfc3339(text)) {
    const auto shown = mcdsl::parse_rfc3339(mcdsl::format_rfc3339(*time));
    require(!shown || *shown == std::chrono::floor<std::chrono::milliseconds>(*time));
  }
}

void check_bytes(std::string_view text) {
  if (const auto bytes = mcdsl::base64url_decode(text)) {
    require(mcdsl::base64url_encode(*bytes) == text);  // strict: one text for each value
  }
  require(mcdsl::base64url_decode(mcdsl::base64url_encode(text)) == text);
  require(mcdsl::hex_decode(mcdsl::hex_encode(text)) == text);
  require(mcdsl::is_valid_utf8(mcdsl::printable(text, text.size() / 2)));
}

class LineSink final : public mcdsl::log::Sink {
 public:
  void write(mcdsl::log::Level /*level*/, std::string_view line) noexcept override {
    require(mcdsl::is_valid_utf8(line) && line.find('\n') == line.size() - 1);
  }
};

void check_log(std::string_view text) {
  for (const auto format : {mcdsl::log::Format::logfmt, mcdsl::log::Format::json}) {
    mcdsl::log::Logger(std::make_shared<LineSink>(), format).info(text, {{"value", text}});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_times(text);
  check_bytes(text);
  check_log(text);
  return 0;
}
