#pragma once

#include <string_view>

namespace mcdsl::archive::internal {

/// Where the bytes of a tar file come from.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// The next bytes, good until the next call; empty at the end. Throws Refusal for what is damaged or beyond a limit.
  [[nodiscard]] virtual std::string_view next() = 0;

 protected:
  ByteSource() = default;
  ByteSource(const ByteSource&) = default;
  ByteSource& operator=(const ByteSource&) = default;
};

}  // namespace mcdsl::archive::internal
