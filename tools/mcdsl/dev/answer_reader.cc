#include "tools/mcdsl/dev/answer_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <expected>
#include <string_view>
#include <system_error>

namespace mcdsl::tool {
namespace {

constexpr std::size_t kLongestLine = std::size_t{64} << 10U;
constexpr std::size_t kMostFields = 1000;
constexpr std::size_t kMostInterim = 100;

std::unexpected<Error> malformed(std::string what) {
  return fail(Code::unavailable, "the service behind the proxy answers with " + std::move(what));
}

std::optional<std::uint64_t> parse_number(std::string_view text, int base) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number, base);
  return problem == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

}  // namespace

Result<bool> AnswerReader::read_more() {
  std::array<char, 16384> piece{};
  const auto got = source_(piece);
  if (!got) {
    return std::unexpected(got.error());
  }
  buffer_.append(piece.data(), *got);
  return *got > 0;
}

// Without its CRLF.
Result<std::string> AnswerReader::read_line() {
  for (std::size_t seen = 0;;) {
    const auto end = buffer_.find('\n', seen);
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end > 0 && buffer_[end - 1] == '\r' ? end - 1 : end);
      buffer_.erase(0, end + 1);
      return line;
    }
    if (buffer_.size() > kLongestLine) {
      return malformed("too long a line");
    }
    seen = buffer_.size();
    const auto more = read_more();
    if (!more) {
      return std::unexpected(more.error());
    }
    if (!*more) {
      return malformed("half an answer");
    }
  }
}

Result<AnswerReader::Head> AnswerReader::read_one_head() {
  const auto status_line = read_line();
  if (!status_line) {
    return std::unexpected(status_line.error());
  }
  const std::string_view line = *status_line;
  const bool is_well_formed =
      line.size() >= 12 && line.starts_with("HTTP/1.") && line[8] == ' ' && (line.size() == 12 || line[12] == ' ');
  const auto status = is_well_formed ? parse_number(line.substr(9, 3), 10) : std::nullopt;
  if (!status || *status < 100 || *status > 599) {
    return malformed("what is no HTTP/1.1");
  }
  Head head{.status = static_cast<int>(*status), .headers = {}, .length = {}};
  for (std::size_t count = 0;; ++count) {
    const auto field = read_line();
    if (!field) {
      return std::unexpected(field.error());
    }
    if (field->empty()) {
      return head;
    }
    const auto colon = field->find(':');
    if (count >= kMostFields || colon == std::string::npos ||
        !head.headers.try_add(std::string_view(*field).substr(0, colon),
                              http::trim(std::string_view(*field).substr(colon + 1)))) {
      return malformed("a malformed header");
    }
  }
}

Result<AnswerReader::Head> AnswerReader::read_head() {
  for (std::size_t interim = 0; interim < kMostInterim; ++interim) {
    auto head = read_one_head();
    if (!head) {
      return head;
    }
    if (head->status >= 200) {
      if (const auto chosen = choose_framing(*head); !chosen) {
        return std::unexpected(chosen.error());
      }
      return head;
    }
  }
  return malformed("interim answers without end");
}

// RFC 9112 §6.3.
Result<void> AnswerReader::choose_framing(Head& head) {
  const auto length = head.headers.get("content-length");
  const auto number = length ? parse_number(*length, 10) : std::nullopt;
  if ((length && !number) || head.headers.count("content-length") > 1) {
    return malformed("a malformed Content-Length");
  }
  const bool is_coded = head.headers.contains("transfer-encoding");
  if (is_coded && (length || !head.headers.has_element("transfer-encoding", "chunked"))) {
    return malformed("a body of unknown length");
  }
  if (has_no_body_ || head.status == 204 || head.status == 304) {
    framing_ = Framing::none;
    head.length = has_no_body_ ? number : std::nullopt;
  } else if (is_coded) {
    framing_ = Framing::chunked;
  } else if (number) {
    framing_ = Framing::length;
    left_ = *number;
    head.length = number;
  } else {
    framing_ = Framing::to_the_end;
  }
  return {};
}

// Reads the size of the next chunk, and behind the last one what is there.
Result<void> AnswerReader::begin_chunk() {
  if (!std::exchange(is_first_chunk_, false)) {
    const auto end_of_last = read_line();
    if (!end_of_last) {
      return std::unexpected(end_of_last.error());
    }
    if (!end_of_last->empty()) {
      return malformed("a malformed chunk");
    }
  }
  const auto line = read_line();
  if (!line) {
    return std::unexpected(line.error());
  }
  const auto size = parse_number(http::trim(std::string_view(*line).substr(0, line->find(';'))), 16);
  if (!size) {
    return malformed("a malformed chunk");
  }
  left_ = *size;
  if (left_ > 0) {
    return {};
  }
  framing_ = Framing::none;
  for (std::size_t count = 0; count < kMostFields; ++count) {
    const auto trailer = read_line();
    if (!trailer) {
      return std::unexpected(trailer.error());
    }
    if (trailer->empty()) {
      return {};
    }
  }
  return malformed("trailers without end");
}

Result<std::size_t> AnswerReader::read_body(std::span<char> into) {
  if (framing_ == Framing::chunked && left_ == 0) {
    if (const auto begun = begin_chunk(); !begun) {
      return std::unexpected(begun.error());
    }
  }
  if (framing_ == Framing::none || (framing_ == Framing::length && left_ == 0) || into.empty()) {
    return std::size_t{0};
  }
  if (buffer_.empty()) {
    const auto more = read_more();
    if (!more) {
      return std::unexpected(more.error());
    }
    if (!*more) {
      return framing_ == Framing::to_the_end ? Result<std::size_t>(0) : malformed("half a body");
    }
  }
  std::size_t count = std::min(buffer_.size(), into.size());
  if (framing_ != Framing::to_the_end) {
    count = static_cast<std::size_t>(std::min<std::uint64_t>(count, left_));
    left_ -= count;
  }
  buffer_.copy(into.data(), count);
  buffer_.erase(0, count);
  return count;
}

}  // namespace mcdsl::tool
