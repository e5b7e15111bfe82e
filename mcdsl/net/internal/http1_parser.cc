#include "mcdsl/net/internal/http1_parser.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace mcdsl::net {
namespace {

using http::equal_ignoring_case;

constexpr std::string_view kCrlf = "\r\n";
constexpr std::size_t kMaxChunkLine = 256;        // size and extensions; nobody needs more
constexpr std::size_t kMaxExtensionBytes = 8192;  // of a whole body: chunks of one byte could carry 256 each
// Around the name and value of a trailer field: the colon and more whitespace than anybody sends.
constexpr std::size_t kMaxAroundField = 64;

constexpr Refusal bad(std::string_view text) {
  return {400, text};
}

// Takes the next line, without its CRLF, from the front of `rest`.
std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find(kCrlf);
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + kCrlf.size());
  return line;
}

constexpr bool is_visible(char c) {
  return c > 0x20 && c < 0x7F;
}

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// A name or IPv4 address (reg-name, RFC 3986 §3.2.2).
bool is_host_name(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c == '%') {
      if (i + 2 >= text.size() || !is_hex_digit(text[i + 1]) || !is_hex_digit(text[i + 2])) {
        return false;
      }
    } else if (!is_letter && !is_digit(c) && !std::string_view("-._~!$&'()*+,;=").contains(c)) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool is_host(std::string_view text) {
  std::size_t end = std::min(text.find(':'), text.size());
  if (text.starts_with('[')) {
    const auto closing = text.find(']');
    if (closing == std::string_view::npos || closing == 1 ||
        !std::ranges::all_of(text.substr(1, closing - 1),
                             [](char c) { return is_hex_digit(c) || c == ':' || c == '.'; })) {
      return false;
    }
    end = closing + 1;
  } else if (!is_host_name(text.substr(0, end))) {
    return false;
  }
  const std::string_view port = text.substr(end);
  return port.empty() || (end > 0 && port.front() == ':' && std::ranges::all_of(port.substr(1), is_digit));
}

bool is_origin_target(std::string_view target, http::Method method) {
  return std::ranges::all_of(target, is_visible) && !target.contains('#') &&
         (target.starts_with('/') || (target == "*" && method == http::Method::options));
}

namespace {

std::optional<Refusal> check_version(std::string_view version) {
  if (version == "HTTP/1.1" || version == "HTTP/1.0") {
    return std::nullopt;
  }
  if (version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) && version[6] == '.' &&
      is_digit(version[7])) {
    return Refusal{505, "HTTP version not supported"};
  }
  return bad("malformed request line");
}

struct RequestLine {
  http::Method method;
  std::string_view target;     // origin form or "*"
  std::string_view authority;  // of the absolute form; empty otherwise
  bool is_http_1_0;
};

std::optional<Refusal> read_target(std::string_view target, RequestLine& line) {
  if (!std::ranges::all_of(target, is_visible) || target.contains('#')) {
    return bad("invalid character in request target");
  }
  line.target = target;
  if (target.starts_with('/')) {
    return std::nullopt;
  }
  if (target == "*" && line.method == http::Method::options) {
    return std::nullopt;
  }
  // The absolute form, which a server must accept (RFC 9112 §3.2.2); its authority replaces Host.
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() > scheme.size() && equal_ignoring_case(target.substr(0, scheme.size()), scheme)) {
      const std::string_view rest = target.substr(scheme.size());
      const auto slash = std::min(rest.find_first_of("/?"), rest.size());
      line.authority = rest.substr(0, slash);
      line.target = slash < rest.size() && rest[slash] == '/' ? rest.substr(slash) : std::string_view("/");
      if (line.authority.empty() || !is_host(line.authority) || (slash < rest.size() && rest[slash] == '?')) {
        break;
      }
      return std::nullopt;
    }
  }
  return bad("malformed request target");
}

std::optional<Refusal> read_request_line(std::string_view text, RequestLine& line) {
  const auto first = text.find(' ');
  const auto last = text.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return bad("malformed request line");
  }
  const std::string_view method = text.substr(0, first);
  const std::string_view target = text.substr(first + 1, last - first - 1);
  const std::string_view version = text.substr(last + 1);
  if (!http::is_token(method) || target.empty()) {
    return bad("malformed request line");
  }
  if (const auto refusal = check_version(version)) {
    return refusal;
  }
  const auto known = http::parse_method(method);
  if (!known) {
    return Refusal{501, "method not implemented"};
  }
  line.method = *known;
  line.is_http_1_0 = version.ends_with('0');
  return read_target(target, line);
}

std::optional<Refusal> split_field(std::string_view line, http::Headers::Field& field) {
  if (line.starts_with(' ') || line.starts_with('\t')) {
    return bad("folded header line");  // obs-fold, RFC 9112 §5.2
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) {
    return bad("malformed header name");
  }
  field = {.name = line.substr(0, colon), .value = http::trim(line.substr(colon + 1))};
  return std::nullopt;
}

std::optional<Refusal> read_field(std::string_view line, http::Headers& headers) {
  http::Headers::Field field;
  if (const auto refusal = split_field(line, field)) {
    return refusal;
  }
  if (headers.try_add(field.name, field.value)) {
    return std::nullopt;
  }
  // A space before the colon too makes a malformed name, RFC 9112 §5.1.
  return bad(http::is_token(field.name) ? "invalid character in header value" : "malformed header name");
}

std::optional<Refusal> read_content_length(std::string_view value, std::uint64_t& length) {
  const char* end = value.data() + value.size();
  const auto [stop, problem] = std::from_chars(value.data(), end, length);
  // from_chars takes neither sign nor space for an unsigned type; lists such as "5, 5" stop early.
  if (problem != std::errc() || stop != end || length > (std::uint64_t{1} << 62)) {
    return bad("malformed Content-Length");
  }
  return std::nullopt;
}

struct FramingFields {
  std::size_t hosts = 0;
  std::size_t lengths = 0;
  std::size_t encodings = 0;
  std::string_view host;
  std::string_view length;
  std::string_view encoding;
  std::string_view expect;
  bool has_connection = false;
};

FramingFields find_framing_fields(const http::Headers& headers) {
  FramingFields found;
  for (const auto field : headers) {  // names are lower case in Headers
    if (field.name == "host") {
      ++found.hosts;
      found.host = field.value;
    } else if (field.name == "content-length") {
      ++found.lengths;
      found.length = field.value;
    } else if (field.name == "transfer-encoding") {
      ++found.encodings;
      found.encoding = field.value;
    } else if (field.name == "expect") {
      found.expect = field.value;
    } else if (field.name == "connection") {
      found.has_connection = true;
    }
  }
  return found;
}

// The only coding we have is chunked, alone. Without chunked as the last one nobody knows where the body ends.
std::optional<Refusal> check_transfer_coding(std::string_view codings) {
  std::size_t chunked = 0;
  bool chunked_is_last = false;
  for (std::string_view rest = codings; !rest.empty();) {
    const std::string_view coding = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(coding.size() + 1, rest.size()));
    chunked_is_last = equal_ignoring_case(http::trim(coding), "chunked");
    chunked += chunked_is_last ? 1 : 0;
  }
  if (!chunked_is_last || chunked > 1 || codings.ends_with(',')) {
    return bad("malformed Transfer-Encoding");  // RFC 9112 §6.3, and §7.1: chunked only once
  }
  if (codings.contains(',')) {
    return Refusal{501, "transfer coding not implemented"};  // RFC 9112 §6.1
  }
  return std::nullopt;
}

std::optional<Refusal> read_body_framing(const FramingFields& fields, bool is_http_1_0, Framing& framing) {
  if (fields.lengths + fields.encodings > 1) {
    return bad("more than one of Content-Length and Transfer-Encoding");  // RFC 9112 §6.3, §11.2
  }
  if (fields.encodings == 1) {
    if (is_http_1_0) {
      return bad("Transfer-Encoding in HTTP/1.0");  // RFC 9112 §6.1
    }
    framing.chunked = true;
    return check_transfer_coding(fields.encoding);
  }
  return fields.lengths == 1 ? read_content_length(fields.length, framing.content_length) : std::nullopt;
}

std::optional<Refusal> read_framing(const http::Headers& headers, bool is_http_1_0, Framing& framing) {
  const FramingFields fields = find_framing_fields(headers);
  if (fields.hosts > 1 || (fields.hosts == 0 && !is_http_1_0)) {
    return bad(fields.hosts == 0 ? "Host is missing" : "more than one Host");  // RFC 9112 §3.2
  }
  if (!is_host(fields.host)) {
    return bad("malformed Host");
  }
  if (const auto refusal = read_body_framing(fields, is_http_1_0, framing)) {
    return refusal;
  }
  if (!fields.expect.empty()) {
    if (!equal_ignoring_case(fields.expect, "100-continue")) {
      return Refusal{417, "expectation not supported"};
    }
    framing.expects_continue = !is_http_1_0;  // RFC 9110 §10.1.1
  }
  framing.is_http_1_0 = is_http_1_0;
  framing.keep_alive = !is_http_1_0;
  if (fields.has_connection) {  // RFC 9112 §9.3
    framing.keep_alive = !headers.has_element("connection", "close") &&
                         (!is_http_1_0 || headers.has_element("connection", "keep-alive"));
  }
  return std::nullopt;
}

// Takes a token (RFC 9110 §5.6.2) from the front of `rest`; false where there is none.
bool take_token(std::string_view& rest) {
  std::size_t size = 0;
  while (size < rest.size() && http::is_token(rest.substr(size, 1))) {
    ++size;
  }
  rest.remove_prefix(size);
  return size > 0;
}

// Takes a quoted string (RFC 9110 §5.6.4) from the front of `rest`; false where it does not end.
bool take_quoted_string(std::string_view& rest) {
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return true;
    }
    i += rest[i] == '\\' ? 1 : 0;
  }
  return false;
}

// Chunk extensions, from their semicolon: well-formed, and without the whitespace that RFC 9112 §7.1.1 calls bad.
bool are_chunk_extensions(std::string_view rest) {
  if (!http::is_field_value(rest)) {
    return false;
  }
  while (!rest.empty()) {
    if (rest.front() != ';') {
      return false;
    }
    rest.remove_prefix(1);
    if (!take_token(rest)) {
      return false;
    }
    if (rest.starts_with('=')) {
      rest.remove_prefix(1);
      if (!(rest.starts_with('"') ? take_quoted_string(rest) : take_token(rest))) {
        return false;
      }
    }
  }
  return true;
}

// One chunk-size line without its CRLF: the size, then extensions that are checked and ignored (RFC 9112 §7.1.1).
std::optional<Refusal> read_chunk_size(std::string_view line, std::uint64_t& size, std::size_t& extension_bytes) {
  const char* end = line.data() + line.size();
  const auto [stop, problem] = std::from_chars(line.data(), end, size, 16);
  const auto digits = static_cast<std::size_t>(stop - line.data());
  if (problem != std::errc() || digits > 15) {
    return bad("malformed chunk size");
  }
  const std::string_view extensions = line.substr(digits);
  extension_bytes += extensions.size();
  if (!are_chunk_extensions(extensions) || extension_bytes > kMaxExtensionBytes) {
    return bad("malformed chunk extension");
  }
  return std::nullopt;
}

// The line at the front of `bytes`, without its CRLF and of at most `limit` bytes; nullopt where it is not whole yet or
// refused. Looks no further than the limit, so that the answer does not depend on how the bytes arrived.
std::optional<std::string_view> read_line(std::string_view bytes, std::size_t limit, Refusal too_long,
                                          ChunkedDecoder::Progress& progress) {
  const std::string_view window = bytes.substr(0, limit + kCrlf.size());
  const auto newline = window.find('\n');
  if (newline == std::string_view::npos) {
    if (window.size() == limit + kCrlf.size()) {
      progress.refusal = too_long;
    }
    return std::nullopt;
  }
  if (newline == 0 || window[newline - 1] != '\r') {
    progress.refusal = bad("line does not end in CRLF");
    return std::nullopt;
  }
  return window.substr(0, newline - 1);
}

}  // namespace

HeadScanner::Found HeadScanner::scan(std::string_view bytes) noexcept {
  while (scanned_ < bytes.size()) {
    const auto* newline = static_cast<const char*>(std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_));
    if (newline == nullptr) {
      scanned_ = bytes.size();
      break;
    }
    const auto at = static_cast<std::size_t>(newline - bytes.data());
    if (at == line_start_ || bytes[at - 1] != '\r') {
      return {.length = std::nullopt, .refusal = bad("line does not end in CRLF")};
    }
    scanned_ = at + 1;
    const bool is_empty_line = at - 1 == line_start_;
    line_start_ = at + 1;
    // One empty line before the request line is skipped (RFC 9112 §2.2), so a head is more than that.
    if (is_empty_line && scanned_ > kCrlf.size()) {
      return {.length = scanned_, .refusal = std::nullopt};
    }
  }
  return {};
}

std::optional<Refusal> parse_head(std::string_view head, std::size_t max_fields, http::Request& request,
                                  Framing& framing) {
  if (head.starts_with(kCrlf)) {
    head.remove_prefix(kCrlf.size());
  }
  RequestLine line{};
  if (const auto refusal = read_request_line(take_line(head), line)) {
    return refusal;
  }
  request.start(line.method, line.target);
  http::Headers& headers = request.mutable_headers();
  for (std::string_view text = take_line(head); !text.empty(); text = take_line(head)) {
    if (headers.size() == max_fields) {
      return kTooManyFields;
    }
    if (const auto refusal = read_field(text, headers)) {
      return refusal;
    }
  }
  framing = {};
  if (const auto refusal = read_framing(headers, line.is_http_1_0, framing)) {
    return refusal;
  }
  if (!line.authority.empty()) {
    headers.set("host", line.authority);
  }
  return std::nullopt;
}

ChunkedDecoder::Progress ChunkedDecoder::decode(std::string_view bytes, std::size_t max_bytes, std::string& body) {
  Progress progress;
  while (!progress.done && !progress.refusal) {
    const std::string_view rest = bytes.substr(progress.consumed);
    std::size_t taken = 0;
    switch (state_) {
      case State::size:
        taken = read_size(rest, max_bytes - std::min(max_bytes, body.size()), progress);
        break;
      case State::data:
        taken = read_data(rest, body);
        break;
      case State::data_end:
        taken = read_data_end(rest, progress);
        break;
      case State::trailer:
        taken = read_trailer(rest, progress);
        break;
    }
    if (taken == 0) {
      break;
    }
    progress.consumed += taken;
  }
  return progress;
}

std::size_t ChunkedDecoder::read_size(std::string_view bytes, std::size_t room, Progress& progress) {
  const auto line = read_line(bytes, kMaxChunkLine, bad("chunk line too long"), progress);
  if (!line) {
    return 0;
  }
  progress.refusal = read_chunk_size(*line, left_in_chunk_, extension_bytes_);
  if (!progress.refusal && left_in_chunk_ > room) {
    progress.refusal = Refusal{413, "request body too large"};
  }
  state_ = left_in_chunk_ == 0 ? State::trailer : State::data;
  return line->size() + kCrlf.size();
}

std::size_t ChunkedDecoder::read_data(std::string_view bytes, std::string& body) {
  const std::string_view piece = bytes.substr(0, left_in_chunk_);
  body.append(piece);
  left_in_chunk_ -= piece.size();
  if (left_in_chunk_ == 0) {
    state_ = State::data_end;
  }
  return piece.size();
}

std::size_t ChunkedDecoder::read_data_end(std::string_view bytes, Progress& progress) {
  const std::string_view end = bytes.substr(0, kCrlf.size());
  if (!kCrlf.starts_with(end)) {
    progress.refusal = bad("chunk longer than its size");
    return 0;
  }
  if (end.size() < kCrlf.size()) {
    return 0;
  }
  state_ = State::size;
  return kCrlf.size();
}

std::size_t ChunkedDecoder::read_trailer(std::string_view bytes, Progress& progress) {
  const auto line = read_line(bytes, trailers_.room() + kMaxAroundField, {431, "trailers too large"}, progress);
  if (!line) {
    return 0;
  }
  if (line->empty()) {
    progress.done = true;
  } else {
    http::Headers::Field field;
    progress.refusal = split_field(*line, field);
    if (!progress.refusal) {
      progress.refusal = trailers_.add(field.name, field.value);
    }
  }
  return line->size() + kCrlf.size();
}

}  // namespace mcdsl::net
