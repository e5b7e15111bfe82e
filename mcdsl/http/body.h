#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "mcdsl/base/result.h"
#include "mcdsl/base/unique_fd.h"

namespace mcdsl::http {

struct Response;

/// A body that arrives while its handler runs. Threads: the handler's.
class BodyReader {
 public:
  virtual ~BodyReader() = default;

  /// Waits for bytes and returns how many there are now in `into`; 0 at the end of the body. Errors, from then on at
  /// every call: cancelled when the client has gone, deadline_exceeded when it sends too slowly, invalid_argument for a
  /// malformed body, resource_exhausted for one that is too long.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<char> into) = 0;

 protected:
  BodyReader() = default;
  BodyReader(const BodyReader&) = default;
  BodyReader& operator=(const BodyReader&) = default;
};

/// Where a body goes that is made while it leaves. Threads: the handler's.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;

  /// Takes the bytes; waits while the client is slow to read. Errors, from then on at every call: cancelled when the
  /// client has gone.
  [[nodiscard]] virtual Result<void> write(std::string_view bytes) = 0;

  /// The response that the body belongs to: its trailers may be changed until `produce` returns, and where `late_head`
  /// is set its status and headers until the first `write`.
  [[nodiscard]] virtual Response& response() = 0;

 protected:
  BodyWriter() = default;
  BodyWriter(const BodyWriter&) = default;
  BodyWriter& operator=(const BodyWriter&) = default;
};

/// A part of a regular file as the body of a response. It must not become shorter while it is sent: the connection is
/// cut then. No thread is held while it leaves.
struct FileBody {
  std::shared_ptr<const UniqueFd> fd;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// A body that a function writes while it leaves.
struct StreamBody {
  /// Called after the handler has returned, on a thread of its own. What it returns an error for or throws cuts the
  /// connection, so that the client does not take the part for the whole.
  std::function<Result<void>(BodyWriter&)> produce;
  std::optional<std::uint64_t> length{};  ///< in bytes, where it is known before; keeping to it is the function's part
  bool late_head =
      false;  ///< status and headers leave with the first bytes, or the end, not before `produce` is called
};

}  // namespace mcdsl::http
