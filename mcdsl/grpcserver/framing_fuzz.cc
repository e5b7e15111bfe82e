// Cuts the input into frames whole, in pieces and as one body: the same must come of it each time, and the frames
// written anew must be the bytes they were read from.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mcdsl/grpcserver/internal/framing.h"

namespace {

using mcdsl::grpcserver::FrameReader;

constexpr std::size_t kMost = 64;

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

struct Outcome {
  std::string written;  // the frames, written anew
  std::size_t frames = 0;
  bool failed = false;
  bool ends_well = false;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome read(std::string_view bytes, std::size_t piece) {
  FrameReader reader(kMost);
  Outcome outcome;
  for (std::size_t at = 0; at < bytes.size() && !outcome.failed; at += piece) {
    reader.push(bytes.substr(at, piece));
    for (;;) {
      const auto frame = reader.next();
      if (!frame) {
        outcome.failed = true;
        break;
      }
      if (!*frame) {
        break;
      }
      require((*frame)->payload.size() <= kMost);
      mcdsl::grpcserver::append_frame(outcome.written, (*frame)->flags, (*frame)->payload);
      ++outcome.frames;
    }
  }
  outcome.ends_well = reader.is_empty();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = read(bytes, std::max<std::size_t>(size, 1));
  require(bytes.starts_with(whole.written));
  require(whole.ends_well == (!whole.failed && whole.written.size() == size));
  require(read(bytes, 1) == whole);
  require(read(bytes, 7) == whole);

  const auto only = mcdsl::grpcserver::only_frame(bytes, kMost);
  require(only.has_value() == (whole.ends_well && whole.frames <= 1));
  if (only) {
    require(only->has_value() == (whole.frames == 1));
  }
  return 0;
}
