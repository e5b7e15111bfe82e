#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "mcdsl/base/result.h"
#include "mcdsl/http/headers.h"

namespace mcdsl::tool {

/// Reads one answer of HTTP/1.1 (RFC 9112) as a proxy does, from whatever gives bytes. Trailers are dropped.
/// Threads: one at a time.
class AnswerReader {
 public:
  /// Bytes as they come; 0 at the end of the connection.
  using Source = std::function<Result<std::size_t>(std::span<char> into)>;

  struct Head {
    int status = 0;
    http::Headers headers;
    std::optional<std::uint64_t> length;  ///< of the body, where it is known
  };

  /// `has_no_body` for the answer to HEAD.
  AnswerReader(Source source, bool has_no_body) : source_(std::move(source)), has_no_body_(has_no_body) {}

  /// The head of the final answer, interim ones (1xx) skipped. Errors: unavailable where the connection ends before,
  /// or what comes is no answer of HTTP/1; the source's own.
  [[nodiscard]] Result<Head> read_head();

  /// More of the body, after the head; 0 at its end. Errors: unavailable where it is cut short or malformed; the
  /// source's own.
  [[nodiscard]] Result<std::size_t> read_body(std::span<char> into);

 private:
  enum class Framing : std::uint8_t { none, length, chunked, to_the_end };

  Result<bool> read_more();
  Result<std::string> read_line();
  Result<Head> read_one_head();
  Result<void> begin_chunk();
  Result<void> choose_framing(Head& head);

  Source source_;
  bool has_no_body_;
  std::string buffer_;
  Framing framing_ = Framing::none;
  std::uint64_t left_ = 0;  ///< of the body, or of the chunk
  bool is_first_chunk_ = true;
};

}  // namespace mcdsl::tool
