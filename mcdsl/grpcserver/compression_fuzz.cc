// Unpacks the input, packs it, and reads it as a list of encodings: what comes out keeps to the limit and reads back.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mcdsl/grpcserver/internal/compression.h"

namespace {

using namespace mcdsl::grpcserver;

constexpr std::size_t kMost = 10'000;

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto text = gunzip(bytes, kMost)) {
    require(text->size() <= kMost && gunzip(bytes, text->size()) == *text);
    require(text->empty() || !gunzip(bytes, text->size() - 1).has_value());
  }
  const auto packed = gzip(bytes);
  require(packed.has_value() && gunzip(*packed, size) == bytes);
  if (accepts_gzip(bytes)) {
    require(size >= 4);
  }
  require(!parse_encoding(bytes) || size == 4 || size == 8);
  return 0;
}
