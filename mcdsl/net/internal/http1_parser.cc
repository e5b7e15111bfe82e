#include "mcdsl/net/internal/http1_parser.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace mcdsl::net {
namespace {

using http::equal_ignoring_case;

constexpr std::string_view kCrlf = "\r\n";
constexpr std::size_t kMaxChunkLine = 256;  // size and extensions; nobody needs more
constexpr std::size_t kMaxTrailerBytes = 8192;

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

// A host and optional port (RFC 3986 §3.2.2, RFC 9110 §7.2); user information and anything else is refused.
bool is_host(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-._~:[]%!$&'()*+,;=").contains(c);
  });
}

std::optional<Refusal> check_version(std::string_view version) {
  if (version == "HTTP/1.1" || version == "HTTP/1.0") {
    return std::nullopt;
  }
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
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

std::optional<Refusal> read_field(std::string_view line, http::Headers& headers) {
  if (line.starts_with(' ') || line.starts_with('\t')) {
    return bad("folded header line");  // obs-fold, RFC 9112 §5.2
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) {
    return bad("malformed header name");
  }
  const std::string_view name = line.substr(0, colon);
  if (headers.try_add(name, http::trim(line.substr(colon + 1)))) {
    return std::nullopt;
  }
  // A space before the colon too makes a malformed name, RFC 9112 §5.1.
  return bad(http::is_token(name) ? "invalid character in header value" : "malformed header name");
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

std::optional<Refusal> read_body_framing(const FramingFields& fields, bool is_http_1_0, Framing& framing) {
  if (fields.lengths + fields.encodings > 1) {
    return bad("more than one of Content-Length and Transfer-Encoding");  // RFC 9112 §6.3, §11.2
  }
  if (fields.encodings == 1) {
    if (is_http_1_0) {
      return bad("Transfer-Encoding in HTTP/1.0");  // RFC 9112 §6.1
    }
    if (!equal_ignoring_case(fields.encoding, "chunked")) {
      return Refusal{501, "transfer coding not implemented"};
    }
    framing.chunked = true;
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
  framing.keep_alive = !is_http_1_0;
  if (fields.has_connection) {
    framing.keep_alive =
        is_http_1_0 ? headers.has_element("connection", "keep-alive") : !headers.has_element("connection", "close");
  }
  return std::nullopt;
}

// One chunk-size line without its CRLF: the size, then extensions that are checked and ignored (RFC 9112 §7.1.1).
std::optional<Refusal> read_chunk_size(std::string_view line, std::uint64_t& size) {
  const char* end = line.data() + line.size();
  const auto [stop, problem] = std::from_chars(line.data(), end, size, 16);
  const auto digits = static_cast<std::size_t>(stop - line.data());
  if (problem != std::errc() || digits > 15) {
    return bad("malformed chunk size");
  }
  const std::string_view extension = line.substr(digits);
  if (!extension.empty() && (extension.front() != ';' || !http::is_field_value(extension))) {
    return bad("malformed chunk extension");
  }
  return std::nullopt;
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
      return Refusal{431, "too many header fields"};
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
  const auto rest = [&] { return bytes.substr(progress.consumed); };
  const auto refuse = [&](Refusal refusal) {
    progress.refusal = refusal;
    return progress;
  };
  while (!rest().empty()) {
    if (state_ == State::data) {
      const std::string_view piece = rest().substr(0, left_in_chunk_);
      body.append(piece);
      progress.consumed += piece.size();
      left_in_chunk_ -= piece.size();
      if (left_in_chunk_ == 0) {
        state_ = State::data_end;
      }
      continue;
    }
    const auto newline = rest().find('\n');
    if (newline == std::string_view::npos) {
      const std::size_t limit = state_ == State::trailer ? kMaxTrailerBytes : kMaxChunkLine;
      return rest().size() > limit ? refuse(bad("chunk line too long")) : progress;
    }
    if (newline == 0 || rest()[newline - 1] != '\r') {
      return refuse(bad("line does not end in CRLF"));
    }
    const std::string_view line = rest().substr(0, newline - 1);
    progress.consumed += newline + 1;
    switch (state_) {
      case State::size:
        if (line.size() > kMaxChunkLine) {
          return refuse(bad("chunk line too long"));
        }
        if (const auto refusal = read_chunk_size(line, left_in_chunk_)) {
          return refuse(*refusal);
        }
        if (left_in_chunk_ > max_bytes - std::min(max_bytes, body.size())) {
          return refuse({413, "request body too large"});
        }
        state_ = left_in_chunk_ == 0 ? State::trailer : State::data;
        break;
      case State::data_end:
        if (!line.empty()) {
          return refuse(bad("chunk longer than its size"));
        }
        state_ = State::size;
        break;
      case State::trailer: {
        if (line.empty()) {
          progress.done = true;
          return progress;
        }
        http::Headers ignored;
        if (const auto refusal = read_field(line, ignored)) {
          return refuse(*refusal);
        }
        trailer_bytes_ += line.size();
        if (trailer_bytes_ > kMaxTrailerBytes) {
          return refuse({431, "trailers too large"});
        }
        break;
      }
      case State::data:
        break;
    }
  }
  return progress;
}

}  // namespace mcdsl::net
