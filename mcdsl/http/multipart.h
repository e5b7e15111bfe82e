#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/result.h"
#include "mcdsl/http/request.h"

namespace mcdsl::http {

/// What one part of a form says about itself (RFC 7578 §4).
struct Part {
  std::string name;  ///< of the form's field
  /// What the sender calls the file: any text in UTF-8, "../../etc/passwd" as well. Good to be shown; never a path.
  /// nullopt where the part is no file.
  std::optional<std::string> filename = {};
  std::string content_type = "text/plain";  ///< the sender's word (§4.4), as it was written
};

/// Reads the parts of a `multipart/form-data` body (RFC 7578, RFC 2046 §5.1) one after the other while it arrives: a
/// file of any size in the memory of a buffer.
///
///     for (;;) {
///       const auto part = form.next_part();
///       if (!part) return fail(part.error());
///       if (!*part) break;                                             // the end of the form
///       if ((*part)->name == "title") title = form.read_all(200);      // a short field
///       if ((*part)->name == "file") while (form.read(buffer) ...) ... // a long one, until read() gives 0
///     }
///
/// Strict, since two readers that see different parts are an attack: lines end in CRLF, a delimiter holds nothing else,
/// each part has one Content-Disposition with one name, `filename*` is refused (RFC 7578 §4.2), and a body without its
/// last delimiter is an error. Other fields of a part mean nothing (§4.8), nor does text around the parts.
/// After an error every call gives it again. Errors of its own are invalid_argument, and name the part by its number;
/// errors of the source pass through as they are.
/// Threads: the handler's.
class MultipartReader {
 public:
  /// Fills the span and says how much of it; 0 at the end: what Request::read_body does.
  using Source = std::function<Result<std::size_t>(std::span<char>)>;

  struct Limits {
    std::size_t parts = 100;
    std::size_t header_bytes = 8192;  ///< of one part's header
  };

  /// Reads the body of a request, whole or streamed. Errors: invalid_argument where its type is another, or the
  /// boundary is missing or none (RFC 2046 §5.1.1). Lifetime: the request outlives the reader.
  [[nodiscard]] static Result<MultipartReader> open(Request& request) { return open(request, Limits{}); }
  [[nodiscard]] static Result<MultipartReader> open(Request& request, const Limits& limits);

  /// The same for a body that is here and stays so: a request can be read again behind it.
  /// Lifetime: the body outlives the reader.
  [[nodiscard]] static Result<MultipartReader> over(const Headers& headers, std::string_view body) {
    return over(headers, body, Limits{});
  }
  [[nodiscard]] static Result<MultipartReader> over(const Headers& headers, std::string_view body,
                                                    const Limits& limits);

  /// The next part; what is left of the one before is skipped. nullopt behind the last, when the body has been read to
  /// its end.
  [[nodiscard]] Result<std::optional<Part>> next_part();

  /// The next bytes of the part and how many they are; 0 at its end.
  [[nodiscard]] Result<std::size_t> read(std::span<char> into);

  /// The rest of the part, at most so many bytes. Errors: invalid_argument where it is longer.
  [[nodiscard]] Result<std::string> read_all(std::size_t max_bytes);

 private:
  enum class State : std::uint8_t { preamble, part, between_parts, end };

  MultipartReader(std::string_view boundary, Source source, const Limits& limits);

  [[nodiscard]] static Result<MultipartReader> make(const Headers& headers, Source source, const Limits& limits);

  [[nodiscard]] std::string_view window() const noexcept;
  [[nodiscard]] Result<bool> fill();
  [[nodiscard]] Result<void> need(std::size_t bytes);
  [[nodiscard]] Result<std::size_t> content();
  [[nodiscard]] Result<void> skip_content();
  [[nodiscard]] Result<void> take_delimiter();
  [[nodiscard]] Result<Part> take_header();
  [[nodiscard]] Result<void> skip_epilogue();
  [[nodiscard]] std::unexpected<Error> refuse(std::string_view what);

  Source source_;
  Limits limits_;
  std::string delimiter_;  // with the CRLF in front
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // what is in the buffer and not yet taken
  std::size_t end_ = 0;
  std::size_t content_ = 0;  // bytes at `begin_` that are known to be the part's
  std::size_t parts_ = 0;
  State state_ = State::preamble;
  std::optional<Error> error_;
};

}  // namespace mcdsl::http
