#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/http/content_coding.h"

namespace mcdsl::http::internal {

/// Packs bodies. It keeps the working memory of zstd, which is a third of the cost of a small body; that of zlib is
/// made anew each time, which costs nothing that can be measured (`http_bench` has both). Threads: safe from any.
class Compressor {
 public:
  Compressor();
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  /// nullopt where the bytes would not become smaller, or the library fails: they are then sent as they are. At most
  /// 1 GiB.
  [[nodiscard]] std::optional<std::string> pack(ContentCoding coding, std::string_view bytes);

  /// Bytes held for later calls: at most 3 MiB.
  [[nodiscard]] std::size_t memory() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mcdsl::http::internal
