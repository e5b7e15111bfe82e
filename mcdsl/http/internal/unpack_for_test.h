#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <zlib.h>
#include <zstd.h>

namespace mcdsl::http::internal {

/// What a client makes of a packed body; nullopt where it is not one whole body of at most 16 MiB.
inline std::optional<std::string> unpack_gzip(std::string_view packed) {
  std::string out(std::size_t{16} << 20U, '\0');
  std::string in(packed);
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) {
    return std::nullopt;
  }
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0;
  out.resize(out.size() - stream.avail_out);
  inflateEnd(&stream);
  return whole ? std::optional(out) : std::nullopt;
}

inline std::optional<std::string> unpack_zstd(std::string_view packed) {
  std::string out(std::size_t{16} << 20U, '\0');
  const std::size_t size = ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) != 0) {
    return std::nullopt;
  }
  out.resize(size);
  return out;
}

}  // namespace mcdsl::http::internal
