#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcdsl/http/application.h"

namespace mcdsl::net {

/// Bytes on a connection and what becomes of them: a request that an EchoApplication answers with `echo`, or a refusal.
struct FramingVector {
  std::string_view name;
  std::string bytes;
  int status = 200;
  std::string echo{};  ///< "METHOD path|query|host|body", and "|name=value" for each trailer field
};

/// Answers with what it was asked. Its limit for bodies is 1,000 bytes.
class EchoApplication final : public http::Application {
 public:
  http::BodyPlan plan(http::Request& request) const override {
    return {.max_bytes = 1000, .wants_body = request.path() != "/bodiless"};
  }
  http::Response serve(http::Request& request) const override {
    if (request.refusal()) {
      return http::error(request.refusal()->status, request.refusal()->text);
    }
    std::string echo = std::string(name(request.method())) + " " + std::string(request.path()) + "|" +
                       std::string(request.query()) + "|" + std::string(request.header("host").value_or("none")) + "|" +
                       std::string(request.body());
    for (const auto field : request.trailers()) {
      echo.append("|").append(field.name).append("=").append(field.value);
    }
    return http::text(std::move(echo));
  }
};

inline std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) {
    all += text;
  }
  return all;
}

inline std::vector<FramingVector> good_framing_vectors() {
  using namespace std::string_literals;
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  return {
      {"the least request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200, "GET /||a|"},
      {"a query", "GET /p?x=1&y HTTP/1.1\r\nHost: a\r\n\r\n", 200, "GET /p|x=1&y|a|"},
      {"an empty line before the request line", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 200, "GET /||a|"},
      {"field names in any case", "GET / HTTP/1.1\r\nhOsT: a\r\n\r\n", 200, "GET /||a|"},
      {"no space after the colon", "GET / HTTP/1.1\r\nHost:a\r\n\r\n", 200, "GET /||a|"},
      {"whitespace around the value", "GET / HTTP/1.1\r\nHost: \t a \t\r\n\r\n", 200, "GET /||a|"},
      {"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 200, "GET /|||"},
      {"Host with a port", "GET / HTTP/1.1\r\nHost: a.test:8443\r\n\r\n", 200, "GET /||a.test:8443|"},
      {"Host as IPv6", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200, "GET /||[::1]:80|"},
      {"Host percent-encoded", "GET / HTTP/1.1\r\nHost: a%2db\r\n\r\n", 200, "GET /||a%2db|"},
      {"absolute form, whose authority wins", "GET http://b:1/x?q HTTP/1.1\r\nHost: a\r\n\r\n", 200, "GET /x|q|b:1|"},
      {"absolute form without a path", "GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n", 200, "GET /||b|"},
      {"asterisk form", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 200, "OPTIONS *||a|"},
      {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 200, "GET /||none|"},
      {"bytes from 0x80 in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \xC3\xA9\r\n\r\n", 200, "GET /||a|"},
      {"an empty value", "GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n", 200, "GET /||a|"},
      {"every kind of token character", "GET / HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~09Az: 1\r\n\r\n", 200,
       "GET /||a|"},
      {"Content-Length", post + "Content-Length: 5\r\n\r\nhello", 200, "POST /||a|hello"},
      {"Content-Length 0", post + "Content-Length: 0\r\n\r\n", 200, "POST /||a|"},
      {"Content-Length with zeros", post + "Content-Length: 005\r\n\r\nhello", 200, "POST /||a|hello"},
      {"a body with GET", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", 200, "GET /||a|hi"},
      {"one chunk", chunked + "5\r\nhello\r\n0\r\n\r\n", 200, "POST /||a|hello"},
      {"several chunks", chunked + "5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n", 200, "POST /||a|hello world"},
      {"no chunk but the last", chunked + "0\r\n\r\n", 200, "POST /||a|"},
      {"chunk size with zeros, in both cases", chunked + "00a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n", 200,
       "POST /||a|01234567890123456789"},
      {"Chunked in capitals", post + "Transfer-Encoding: CHUNKED\r\n\r\n1\r\nx\r\n0\r\n\r\n", 200, "POST /||a|x"},
      {"CRLF inside a chunk", chunked + "4\r\n\r\n\r\n\r\n0\r\n\r\n", 200, "POST /||a|\r\n\r\n"},
      {"chunk extensions", chunked + "1;a;b=c;d=\"e;\\\"f\"\r\nx\r\n0;z\r\n\r\n", 200, "POST /||a|x"},
      {"trailers", chunked + "1\r\nx\r\n0\r\nX-Sum:  1 \r\nY:\r\n\r\n", 200, "POST /||a|x|x-sum=1|y="},
      {"the same trailer twice", chunked + "0\r\nX: 1\r\nX: 2\r\n\r\n", 200, "POST /||a||x=1|x=2"},
      {"a trailer that would be framing", chunked + "0\r\nContent-Length: 5\r\nX: 1\r\n\r\n", 200, "POST /||a||x=1"},
      {"a trailer that would be a host", chunked + "0\r\nHOST: b\r\nX-Forwarded-Host: b\r\n\r\n", 200, "POST /||a|"},
      {"a trailer that would be a caller", chunked + "0\r\nAuthorization: Bearer b\r\nCookie: c\r\n\r\n", 200,
       "POST /||a|"},
      {"a trailer of the greatest length", chunked + "0\r\nX: " + std::string(16'383, 't') + "\r\n\r\n", 200,
       "POST /||a||x=" + std::string(16'383, 't')},
      {"a chunk line of the greatest length", chunked + "1;" + std::string(254, 'e') + "\r\nx\r\n0\r\n\r\n", 200,
       "POST /||a|x"},
      {"a body of the greatest length", post + "Content-Length: 1000\r\n\r\n" + std::string(1000, 'b'), 200,
       "POST /||a|" + std::string(1000, 'b')},
  };
}

inline std::vector<FramingVector> bad_head_vectors() {
  using namespace std::string_literals;
  const auto line = [](std::string text) { return std::move(text) + "\r\nHost: a\r\n\r\n"; };
  const auto field = [](std::string text) { return "GET / HTTP/1.1\r\nHost: a\r\n" + std::move(text) + "\r\n\r\n"; };
  const auto host = [](std::string text) { return "GET / HTTP/1.1\r\n" + std::move(text) + "\r\n\r\n"; };
  return {
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"two empty lines", "\r\n\r\n", 400},
      {"only spaces", "   \r\n\r\n", 400},
      {"no target", line("GET HTTP/1.1"), 400},
      {"two spaces", line("GET  / HTTP/1.1"), 400},
      {"a tab for a space", line("GET\t/ HTTP/1.1"), 400},
      {"a space in the target", line("GET /a b HTTP/1.1"), 400},
      {"a space before the method", line(" GET / HTTP/1.1"), 400},
      {"a space after the version", line("GET / HTTP/1.1 "), 400},
      {"no version", line("GET / "), 400},
      {"lower-case version", line("GET / http/1.1"), 400},
      {"version 1.10", line("GET / HTTP/1.10"), 400},
      {"version 1", line("GET / HTTP/1"), 400},
      {"version 1,1", line("GET / HTTP/1,1"), 400},
      {"version 1.2", line("GET / HTTP/1.2"), 505},
      {"version 2.0", line("PRI * HTTP/2.0"), 505},
      {"version 0.9", line("GET / HTTP/0.9"), 505},
      {"unknown method", line("FETCH / HTTP/1.1"), 501},
      {"lower-case method", line("get / HTTP/1.1"), 501},
      {"CONNECT", line("CONNECT a:443 HTTP/1.1"), 501},
      {"TRACE", line("TRACE / HTTP/1.1"), 501},
      {"method that is no token", line("G@T / HTTP/1.1"), 400},
      {"asterisk with GET", line("GET * HTTP/1.1"), 400},
      {"a target without slash", line("GET a HTTP/1.1"), 400},
      {"authority form", line("GET a:80 HTTP/1.1"), 400},
      {"absolute form without authority", line("GET http:///x HTTP/1.1"), 400},
      {"absolute form with user information", line("GET http://u@b/ HTTP/1.1"), 400},
      {"absolute form of another scheme", line("GET ftp://b/ HTTP/1.1"), 400},
      {"a fragment in the target", line("GET /#x HTTP/1.1"), 400},
      {"NUL in the target", line("GET /\0 HTTP/1.1"s), 400},
      {"a control character in the target", line("GET /\x01 HTTP/1.1"), 400},
      {"a byte from 0x80 in the target", line("GET /\xC3\xA9 HTTP/1.1"), 400},
      {"DEL in the target", line("GET /\x7F HTTP/1.1"), 400},
      {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
      {"bare LF for the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
      {"bare LF first", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"bare CR in the request line", line("GET / HTTP/1.1\rX"), 400},
      {"bare CR in a value", field("X: a\rb"), 400},
      {"bare CR that ends a field", field("X: a\r\rY: b"), 400},
      {"CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400},
      {"NUL in a value", field("X: a\0b"s), 400},
      {"NUL in a name", field("X\0Y: a"s), 400},
      {"a control character in a value", field("X: \x01"), 400},
      {"DEL in a value", field("X: \x7F"), 400},
      {"a folded line", field("X: a\r\n b"), 400},
      {"a line folded with a tab", field("X: a\r\n\tb"), 400},
      {"a folded line behind the request line", host(" X: a\r\nHost: a"), 400},
      {"a space before the colon", field("X : a"), 400},
      {"a tab before the colon", field("Content-Length\t: 5"), 400},
      {"an empty name", field(": a"), 400},
      {"no colon", field("X"), 400},
      {"a name that is no token", field("X(y): a"), 400},
      {"a name in other letters", field("\xC3\xA9: a"), 400},
      {"no Host", host("X: a"), 400},
      {"two Hosts", host("Host: a\r\nHost: a"), 400},
      {"Host with a space", host("Host: a b"), 400},
      {"Host with user information", host("Host: u@a"), 400},
      {"Host with a path", host("Host: a/b"), 400},
      {"Host with a port that is none", host("Host: a:8x"), 400},
      {"Host with two ports", host("Host: a:1:2"), 400},
      {"Host with only a port", host("Host: :80"), 400},
      {"Host as IPv6 without its end", host("Host: [::1"), 400},
      {"Host as empty IPv6", host("Host: []"), 400},
      {"Host as IPv6 and more", host("Host: [::1]x"), 400},
      {"Host with half an escape", host("Host: a%2"), 400},
      {"an expectation that nobody knows", field("Expect: gold"), 417},
      {"a target that is too long", "GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"fields that are too large", field("X: " + std::string(20'000, 'a')), 431},
      {"a field that does not end", "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'a'), 431},
  };
}

inline std::vector<FramingVector> bad_body_vectors() {
  using namespace std::string_literals;
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  const auto field = [&](std::string text) { return post + std::move(text) + "\r\n\r\n0\r\n\r\n"; };
  return {
      {"both lengths", field("Content-Length: 5\r\nTransfer-Encoding: chunked"), 400},
      {"both lengths, the other way round", field("Transfer-Encoding: chunked\r\nContent-Length: 5"), 400},
      {"two Content-Lengths", field("Content-Length: 5\r\nContent-Length: 6"), 400},
      {"the same Content-Length twice", field("Content-Length: 5\r\nContent-Length: 5"), 400},
      {"a list in Content-Length", field("Content-Length: 5, 5"), 400},
      {"a sign in Content-Length", field("Content-Length: +5"), 400},
      {"a negative Content-Length", field("Content-Length: -5"), 400},
      {"hexadecimal Content-Length", field("Content-Length: 0x5"), 400},
      {"an empty Content-Length", field("Content-Length:"), 400},
      {"a space in Content-Length", field("Content-Length: 1 0"), 400},
      {"Content-Length past 64 bits", field("Content-Length: 18446744073709551617"), 400},
      {"Content-Length past 62 bits", field("Content-Length: 9223372036854775807"), 400},
      {"two Transfer-Encodings", field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400},
      {"chunked twice", field("Transfer-Encoding: chunked, chunked"), 400},
      {"chunked and nothing", field("Transfer-Encoding: chunked,"), 400},
      {"chunked not the last", field("Transfer-Encoding: chunked, gzip"), 400},
      {"no chunked", field("Transfer-Encoding: gzip"), 400},
      {"identity", field("Transfer-Encoding: identity"), 400},
      {"almost chunked", field("Transfer-Encoding: xchunked"), 400},
      {"chunked with a parameter", field("Transfer-Encoding: chunked;q=1"), 400},
      {"an empty Transfer-Encoding", field("Transfer-Encoding:"), 400},
      {"a vertical tab before chunked", field("Transfer-Encoding: \vchunked"), 400},
      {"a coding that we have not", field("Transfer-Encoding: gzip, chunked"), 501},
      {"Transfer-Encoding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"no chunk size", chunked + "\r\n", 400},
      {"a chunk size that is no number", chunked + "x\r\n", 400},
      {"a chunk size with 0x", chunked + "0x5\r\nhello\r\n0\r\n\r\n", 400},
      {"a chunk size with a sign", chunked + "+5\r\nhello\r\n0\r\n\r\n", 400},
      {"a negative chunk size", chunked + "-5\r\nhello\r\n0\r\n\r\n", 400},
      {"a chunk size with a space", chunked + "5 \r\nhello\r\n0\r\n\r\n", 400},
      {"a space before a chunk size", chunked + " 5\r\nhello\r\n0\r\n\r\n", 400},
      {"a chunk size past 64 bits", chunked + "10000000000000005\r\nhello\r\n0\r\n\r\n", 400},
      {"a chunk size of sixteen digits", chunked + "0000000000000005\r\nhello\r\n0\r\n\r\n", 400},
      {"bare LF after a chunk size", chunked + "5\nhello\r\n0\r\n\r\n", 400},
      {"bare CR after a chunk size", chunked + "5\rhello\r\n0\r\n\r\n", 400},
      {"a chunk longer than its size", chunked + "5\r\nhelloo\r\n0\r\n\r\n", 400},
      {"a chunk shorter than its size", chunked + "6\r\nhello\r\n0\r\n\r\n", 400},
      {"bare LF after a chunk", chunked + "5\r\nhello\n0\r\n\r\n", 400},
      {"an extension without a name", chunked + "5;\r\nhello\r\n0\r\n\r\n", 400},
      {"an extension without a value", chunked + "5;a=\r\nhello\r\n0\r\n\r\n", 400},
      {"an extension with a space", chunked + "5; a\r\nhello\r\n0\r\n\r\n", 400},
      {"an extension with an open quote", chunked + "5;a=\"b\r\nhello\r\n0\r\n\r\n", 400},
      {"an extension with text behind its quote", chunked + "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n", 400},
      {"NUL in an extension", chunked + "5;a\0\r\nhello\r\n0\r\n\r\n"s, 400},
      {"bare CR in an extension", chunked + "5;a\rb\r\nhello\r\n0\r\n\r\n", 400},
      {"a chunk line that is too long", chunked + "1;" + std::string(255, 'e') + "\r\nx\r\n0\r\n\r\n", 400},
      {"a trailer without a colon", chunked + "0\r\nX\r\n\r\n", 400},
      {"a folded trailer", chunked + "0\r\nX: a\r\n b\r\n\r\n", 400},
      {"a space before a trailer's colon", chunked + "0\r\nX : a\r\n\r\n", 400},
      {"bare LF after a trailer", chunked + "0\r\nX: a\n\r\n", 400},
      {"NUL in a trailer", chunked + "0\r\nX: a\0\r\n\r\n"s, 400},
      {"bare CR in a trailer", chunked + "0\r\nX: a\rY: b\r\n\r\n", 400},
      {"a trailer without a name", chunked + "0\r\n: a\r\n\r\n", 400},
      {"a malformed trailer that is not wanted", chunked + "0\r\nHost: a\x01\r\n\r\n", 400},
      {"a trailer that is too large", chunked + "0\r\nX: " + std::string(16'384, 'a') + "\r\n\r\n", 431},
      {"a trailer that does not end", chunked + "0\r\nX: " + std::string(20'000, 'a'), 431},
      {"trailers that are too large",
       chunked + "0\r\n" + std::string(9000, 'a') + ": a\r\n" + std::string(9000, 'b') + ": b\r\n\r\n", 431},
      {"a trailer that is too large and not wanted", chunked + "0\r\nHost: " + std::string(16'384, 'a') + "\r\n\r\n",
       431},
      {"too many trailers", chunked + "0\r\n" + repeated("X: a\r\n", 101) + "\r\n", 431},
      {"a body that is too large", post + "Content-Length: 1001\r\n\r\n" + std::string(1001, 'b'), 413},
      {"a chunk that is too large", chunked + "3e9\r\n" + std::string(1001, 'b') + "\r\n0\r\n\r\n", 413},
      {"chunks that are too large", chunked + "3e8\r\n" + std::string(1000, 'b') + "\r\n1\r\nb\r\n0\r\n\r\n", 413},
  };
}

inline std::vector<FramingVector> bad_framing_vectors() {
  auto vectors = bad_head_vectors();
  std::ranges::copy(bad_body_vectors(), std::back_inserter(vectors));
  return vectors;
}

}  // namespace mcdsl::net
