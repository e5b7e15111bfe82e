#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <nghttp2/nghttp2.h>

#include "mcdsl/base/error.h"
#include "mcdsl/net/internal/http2.h"

namespace mcdsl::net {

// Between nghttp2's types and ours.

template <class T, class Free>
[[nodiscard]] std::unique_ptr<T, Free> owned(int result, T* pointer, Free free) {
  if (result != 0) {
    throw Exception(Code::resource_exhausted, std::string("HTTP/2: ") + nghttp2_strerror(result));
  }
  return {pointer, free};
}

inline void check(int result) {
  if (result != 0) {
    throw Exception(Code::internal, std::string("HTTP/2: ") + nghttp2_strerror(result));
  }
}

[[nodiscard]] inline std::string_view text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

[[nodiscard]] inline std::uint8_t* bytes_of(std::string_view text) {
  // nghttp2 takes pointers to what it does not change.
  return const_cast<std::uint8_t*>(  // NOLINT(cppcoreguidelines-pro-type-const-cast)
      reinterpret_cast<const std::uint8_t*>(text.data()));
}

[[nodiscard]] inline nghttp2_nv field(std::string_view name, std::string_view value, bool stays) {
  const auto flags = static_cast<std::uint8_t>(stays ? NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE
                                                     : NGHTTP2_NV_FLAG_NONE);
  return {bytes_of(name), bytes_of(value), name.size(), value.size(), flags};
}

/// nghttp2's functions, which hand on to the object. What they throw would pass through C: it ends the connection.
struct Http2::Callbacks {
  [[nodiscard]] static std::unique_ptr<nghttp2_session_callbacks, decltype(&nghttp2_session_callbacks_del)> make();

  /// Of the bodies of answers (nghttp2_data_source_read_callback).
  static ssize_t on_read(nghttp2_session* session, std::int32_t id, std::uint8_t* out, std::size_t size,
                         std::uint32_t* flags, nghttp2_data_source* source, void* user);

 private:
  struct Functions;
};

}  // namespace mcdsl::net
