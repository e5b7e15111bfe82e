#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/base/result.h"
#include "mcdsl/base/secret.h"

namespace mcdsl::auth::internal {

/// Reads one answer of HTTP/1.1 to a GET or POST as it arrives in pieces, interim ones (1xx) skipped. Strict as RFC
/// 9112 allows: what two parsers could read in two ways is refused. What was read is overwritten when it goes.
class AnswerParser {
 public:
  struct Limits {
    std::size_t head_bytes;  ///< of all heads, chunk heads and trailers together
    std::size_t fields;      ///< in the same
    std::size_t body_bytes;
  };

  explicit AnswerParser(const Limits& limits) noexcept : limits_(limits) {}
  ~AnswerParser();
  AnswerParser(const AnswerParser&) = delete;
  AnswerParser& operator=(const AnswerParser&) = delete;

  /// Takes what has come; how many bytes of it: fewer than given where the answer is whole before them. Errors:
  /// unavailable, for an answer that is malformed or too long. It quotes nothing: an answer may hold a token.
  [[nodiscard]] Result<std::size_t> feed(std::string_view bytes);

  /// The peer has ended its side in good order: for some answers that is their end. Errors: unavailable.
  [[nodiscard]] Result<void> end();

  [[nodiscard]] bool has_begun() const noexcept { return has_begun_; }
  [[nodiscard]] bool is_whole() const noexcept { return state_ == State::whole; }

  /// Of a whole answer: whether its connection serves for another exchange.
  [[nodiscard]] bool keeps_connection() const noexcept { return keeps_connection_; }
  [[nodiscard]] long status() const noexcept { return status_; }
  [[nodiscard]] Secret take_body();
  /// What its Date field holds (RFC 9110 §6.6.1); empty where it has none.
  [[nodiscard]] const std::string& date() const noexcept { return date_; }

 private:
  enum class State : std::uint8_t {
    status_line,
    fields,
    body,
    body_until_end,
    chunk_size,
    chunk,
    chunk_end,
    trailer,
    whole
  };

  [[nodiscard]] Result<std::size_t> take_line(std::string_view bytes);
  [[nodiscard]] Result<std::size_t> take_body_bytes(std::string_view bytes);
  [[nodiscard]] Result<void> on_line(std::string_view line);
  [[nodiscard]] Result<void> on_status_line(std::string_view line);
  [[nodiscard]] Result<void> on_field(std::string_view line);
  [[nodiscard]] Result<void> on_known_field(std::string_view name, std::string_view value);
  [[nodiscard]] Result<void> on_head_end();
  [[nodiscard]] Result<void> on_chunk_size(std::string_view line);
  [[nodiscard]] Result<void> expect(std::uint64_t body_bytes, State state);

  const Limits limits_;
  State state_ = State::status_line;
  bool has_begun_ = false;
  bool is_http_1_0_ = false;
  bool keeps_connection_ = true;
  bool is_chunked_ = false;
  long status_ = 0;
  std::optional<std::uint64_t> content_length_;
  std::uint64_t left_ = 0;  // of the body or the chunk
  std::size_t head_bytes_ = 0;
  std::size_t fields_ = 0;
  std::string date_;
  std::string line_;
  std::string body_;
};

}  // namespace mcdsl::auth::internal
