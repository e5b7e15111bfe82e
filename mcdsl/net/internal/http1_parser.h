#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "mcdsl/http/request.h"
#include "mcdsl/net/internal/trailer_fields.h"

namespace mcdsl::net {

using http::Refusal;

inline constexpr Refusal kTooManyFields{431, "too many header fields"};

/// What the head of a request says of the message around it (RFC 9112 §6, §9).
struct Framing {
  bool chunked = false;
  std::uint64_t content_length = 0;
  bool is_http_1_0 = false;
  bool keep_alive = true;
  bool expects_continue = false;
};

/// Finds where a head ends while it arrives in pieces, without looking at any byte twice.
class HeadScanner {
 public:
  /// `bytes` is all that has come since the head began, longer at every call. The length of the head with its empty
  /// line, nullopt where it is not complete, or a refusal for a line that does not end in CRLF (RFC 9112 §2.2).
  struct Found {
    std::optional<std::size_t> length;
    std::optional<Refusal> refusal;
  };
  [[nodiscard]] Found scan(std::string_view bytes) noexcept;

 private:
  std::size_t scanned_ = 0;
  std::size_t line_start_ = 0;
};

/// Reads a complete head, as HeadScanner cut it, into `request` and `framing`. Strict as RFC 9112 allows: whatever two
/// parsers could read in two ways is refused, since that is what request smuggling lives on (§11.2).
[[nodiscard]] std::optional<Refusal> parse_head(std::string_view head, std::size_t max_fields, http::Request& request,
                                                Framing& framing);

/// A host and optional port (RFC 9110 §7.2), or nothing; user information is refused (§4.2.4).
[[nodiscard]] bool is_host(std::string_view text);

/// A target in origin form (RFC 9112 §3.2.1), or "*" for OPTIONS.
[[nodiscard]] bool is_origin_target(std::string_view target, http::Method method);

/// Decodes a chunked body (RFC 9112 §7.1) and the trailer fields behind it.
class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(TrailerReader trailers) : trailers_(std::move(trailers)) {}

  struct Progress {
    std::size_t consumed = 0;          ///< bytes taken from the input
    bool done = false;                 ///< the last chunk and the trailers are read
    std::optional<Refusal> refusal{};  ///< the body is malformed, or longer than `max_bytes`
  };

  /// Appends what `bytes` holds of the body to `body`; what was not consumed must come again with more behind it.
  [[nodiscard]] Progress decode(std::string_view bytes, std::size_t max_bytes, std::string& body);

  /// The trailer fields, once it is done.
  [[nodiscard]] http::Headers take_trailers() noexcept { return trailers_.take(); }

 private:
  enum class State : std::uint8_t { size, data, data_end, trailer };

  // Each returns the bytes it took; 0 where it needs more or refuses.
  std::size_t read_size(std::string_view bytes, std::size_t room, Progress& progress);
  std::size_t read_data(std::string_view bytes, std::string& body);
  std::size_t read_data_end(std::string_view bytes, Progress& progress);
  std::size_t read_trailer(std::string_view bytes, Progress& progress);

  State state_ = State::size;
  std::uint64_t left_in_chunk_ = 0;
  std::size_t extension_bytes_ = 0;
  TrailerReader trailers_;
};

}  // namespace mcdsl::net
