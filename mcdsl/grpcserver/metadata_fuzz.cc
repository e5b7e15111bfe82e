// Reads the input as every text that a header can carry, and holds what comes out to what must be true of any input.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mcdsl/grpcserver/internal/metadata.h"

namespace {

using namespace mcdsl::grpcserver;

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  require(percent_decode(percent_encode(text)) == text);
  require(percent_decode(text).size() <= text.size());
  require(decode_binary(encode_binary(text)) == text);
  if (const auto bytes = decode_binary(text)) {
    require(text.substr(0, text.find('=')) == encode_binary(*bytes));
  }
  if (const auto timeout = parse_timeout(text)) {
    require(*timeout >= std::chrono::nanoseconds::zero() && size >= 2 && size <= 9);
  }
  if (const auto timeout = parse_connect_timeout(text)) {
    require(*timeout >= std::chrono::nanoseconds::zero() && size >= 1 && size <= 10);
  }
  return 0;
}
