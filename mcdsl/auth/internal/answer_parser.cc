#include "mcdsl/auth/internal/answer_parser.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace mcdsl::auth::internal {
namespace {

constexpr long kSwitchingProtocols = 101;
constexpr long kOk = 200;
constexpr long kNoContent = 204;
constexpr long kNotModified = 304;

std::unexpected<Error> malformed(const char* why) {
  return fail(Code::unavailable, std::string("the answer is malformed: ") + why);
}

std::unexpected<Error> too_long(std::size_t limit) {
  return fail(Code::unavailable, "the answer is longer than " + std::to_string(limit) + " bytes");
}

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kOthers.contains(c);
  });
}

// RFC 9110 §5.5: no control character but the tab.
bool is_text(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < ' ' && c != '\t') || byte == 0x7F;
  });
}

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, {},
                            [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Digits of the base alone: no sign, no space, no list; nothing past 64 bits.
std::optional<std::uint64_t> parse_number(std::string_view text, int base) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// Whether a comma-separated list (RFC 9110 §5.6.1) names it.
bool lists(std::string_view list, std::string_view lower) {
  while (true) {
    const auto comma = list.find(',');
    if (equal_ignoring_case(trimmed(list.substr(0, comma)), lower)) {
      return true;
    }
    if (comma == std::string_view::npos) {
      return false;
    }
    list.remove_prefix(comma + 1);
  }
}

// As std::string::append does, but leaves no copy behind where the text has to move.
void append_secret(std::string& text, std::string_view bytes) {
  if (text.size() + bytes.size() > text.capacity()) {
    std::string larger;
    larger.reserve(std::max(text.size() + bytes.size(), 2 * text.capacity()));
    larger.append(text);
    wipe(text);
    text = std::move(larger);
  }
  text.append(bytes);
}

}  // namespace

AnswerParser::~AnswerParser() {
  wipe(line_);
  wipe(body_);
}

Result<std::size_t> AnswerParser::feed(std::string_view bytes) {
  std::size_t taken = 0;
  has_begun_ = has_begun_ || !bytes.empty();
  while (taken < bytes.size() && state_ != State::whole) {
    const bool in_body = state_ == State::body || state_ == State::body_until_end || state_ == State::chunk;
    const auto rest = bytes.substr(taken);
    const auto count = in_body ? take_body_bytes(rest) : take_line(rest);
    if (!count) {
      return count;
    }
    taken += *count;
  }
  return taken;
}

Result<void> AnswerParser::end() {
  if (state_ == State::body_until_end) {
    state_ = State::whole;
  }
  if (state_ != State::whole) {
    return fail(Code::unavailable, has_begun_ ? "the server ended the connection amid its answer"
                                              : "the server ended the connection without an answer");
  }
  return {};
}

Secret AnswerParser::take_body() {
  return Secret(std::move(body_));  // which overwrites its source
}

Result<std::size_t> AnswerParser::take_line(std::string_view bytes) {
  const auto feed_at = bytes.find('\n');
  const std::size_t count = feed_at == std::string_view::npos ? bytes.size() : feed_at + 1;
  head_bytes_ += count;
  if (head_bytes_ > limits_.head_bytes) {
    return too_long(limits_.head_bytes);
  }
  append_secret(line_, bytes.substr(0, count));
  if (feed_at == std::string_view::npos) {
    return count;
  }
  const std::string_view line = line_;
  if (!line.ends_with("\r\n")) {  // RFC 9112 §2.2 lets it pass; a gateway between may not
    return malformed("a line does not end in CR LF");
  }
  const auto read = on_line(line.substr(0, line.size() - 2));
  wipe(line_);
  if (!read) {
    return fail(read.error());
  }
  return count;
}

Result<void> AnswerParser::on_line(std::string_view line) {
  switch (state_) {
    case State::status_line:
      return on_status_line(line);
    case State::fields:
      return line.empty() ? on_head_end() : on_field(line);
    case State::chunk_size:
      return on_chunk_size(line);
    case State::chunk_end:
      if (!line.empty()) {
        return malformed("a chunk is longer than it says");
      }
      state_ = State::chunk_size;
      return {};
    default:  // the trailer, whose fields are checked and dropped
      if (line.empty()) {
        state_ = State::whole;
        return {};
      }
      return on_field(line);
  }
}

// RFC 9112 §4: HTTP-version SP 3DIGIT SP [ reason-phrase ].
Result<void> AnswerParser::on_status_line(std::string_view line) {
  constexpr std::string_view kVersion = "HTTP/1.";
  constexpr std::size_t kStatusAt = kVersion.size() + 2;
  constexpr std::size_t kReasonAt = kStatusAt + 4;
  if (line.size() < kReasonAt || !line.starts_with(kVersion) || line[kStatusAt - 1] != ' ' ||
      line[kReasonAt - 1] != ' ' || !is_text(line)) {
    return malformed("its first line is no status line of HTTP/1.1");
  }
  const char minor = line[kVersion.size()];
  const auto status = parse_number(line.substr(kStatusAt, 3), 10);
  if ((minor != '0' && minor != '1') || !status || *status < 100 || *status > 599) {
    return malformed("its first line has an unknown version or status");
  }
  status_ = static_cast<long>(*status);
  is_http_1_0_ = minor == '0';
  keeps_connection_ = !is_http_1_0_;
  is_chunked_ = false;
  content_length_.reset();
  state_ = State::fields;
  return {};
}

// RFC 9112 §5. A line that begins with a space would go on with the one before it (§5.2): its name is no token.
Result<void> AnswerParser::on_field(std::string_view line) {
  if (++fields_ > limits_.fields) {
    return fail(Code::unavailable, "the answer has more than " + std::to_string(limits_.fields) + " header fields");
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return malformed("a header field has no valid name");
  }
  const auto value = trimmed(line.substr(colon + 1));
  if (!is_text(value)) {
    return malformed("a header field holds a control character");
  }
  return state_ == State::trailer ? Result<void>() : on_known_field(line.substr(0, colon), value);
}

Result<void> AnswerParser::on_known_field(std::string_view name, std::string_view value) {
  if (equal_ignoring_case(name, "content-length")) {
    if (content_length_) {
      return malformed("it has two lengths");
    }
    content_length_ = parse_number(value, 10);
    if (!content_length_) {
      return malformed("its length is no number");
    }
  } else if (equal_ignoring_case(name, "transfer-encoding")) {
    if (is_chunked_ || !equal_ignoring_case(value, "chunked")) {
      return malformed("its transfer coding is not \"chunked\" alone");
    }
    is_chunked_ = true;
  } else if (equal_ignoring_case(name, "connection") && lists(value, "close")) {
    keeps_connection_ = false;
  } else if (equal_ignoring_case(name, "date")) {
    date_ = value;
  }
  return {};
}

// What follows the head: RFC 9112 §6.3.
Result<void> AnswerParser::on_head_end() {
  if (is_chunked_ && (content_length_ || is_http_1_0_)) {
    return malformed("its head says in two ways where the body ends");
  }
  if (status_ == kSwitchingProtocols) {
    return malformed("it changes the protocol, which nobody asked for");
  }
  if (status_ < kOk) {
    state_ = State::status_line;
    return {};
  }
  if (status_ == kNoContent || status_ == kNotModified) {
    keeps_connection_ = keeps_connection_ && !is_chunked_ && content_length_.value_or(0) == 0;
    state_ = State::whole;
    return {};
  }
  if (is_chunked_) {
    state_ = State::chunk_size;
    return {};
  }
  if (content_length_) {
    return *content_length_ == 0 ? expect(0, State::whole) : expect(*content_length_, State::body);
  }
  keeps_connection_ = false;
  return expect(0, State::body_until_end);
}

// RFC 9112 §7.1. Extensions are skipped, as §7.1.1 has it.
Result<void> AnswerParser::on_chunk_size(std::string_view line) {
  const auto size_end = std::min(line.find_first_of("; \t"), line.size());
  const auto size = parse_number(line.substr(0, size_end), 16);
  const auto extension = trimmed(line.substr(size_end));
  if (!size || (size_end != line.size() && !extension.starts_with(';')) || !is_text(extension)) {
    return malformed("a chunk has no valid size");
  }
  return *size == 0 ? expect(0, State::trailer) : expect(*size, State::chunk);
}

Result<void> AnswerParser::expect(std::uint64_t body_bytes, State state) {
  if (body_bytes > limits_.body_bytes - body_.size()) {
    return too_long(limits_.body_bytes);
  }
  left_ = body_bytes;
  state_ = state;
  return {};
}

Result<std::size_t> AnswerParser::take_body_bytes(std::string_view bytes) {
  const bool is_bounded = state_ != State::body_until_end;
  const auto count = is_bounded ? static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())) : bytes.size();
  if (count > limits_.body_bytes - body_.size()) {
    return too_long(limits_.body_bytes);
  }
  append_secret(body_, bytes.substr(0, count));
  if (is_bounded) {
    left_ -= count;
    if (left_ == 0) {
      state_ = state_ == State::body ? State::whole : State::chunk_end;
    }
  }
  return count;
}

}  // namespace mcdsl::auth::internal
