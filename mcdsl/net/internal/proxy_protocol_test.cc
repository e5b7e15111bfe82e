#include "mcdsl/net/internal/proxy_protocol.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace mcdsl::net {
namespace {

using namespace std::string_literals;
using State = ProxyHeaderParser::State;

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\n";

// "192.0.2.7 56324", "none" where there is no source, "more" or "malformed". The header must be read alike whole and
// byte by byte, and nothing behind it be taken.
std::string read(const std::string& header) {
  ProxyHeaderParser whole;
  const std::string bytes = header + std::string(kRequest);
  const std::size_t taken = whole.feed(bytes);
  ProxyHeaderParser slow;
  std::size_t at = 0;
  while (at < header.size() && slow.state() == State::more) {
    EXPECT_EQ(slow.feed(std::string_view(header).substr(at, 1)), 1U);
    ++at;
  }
  if (whole.state() == State::done) {
    EXPECT_EQ(taken, header.size());
    EXPECT_EQ(slow.state(), State::done);
    EXPECT_EQ(at, header.size());
    EXPECT_EQ(whole.feed("more"), 0U) << "done is done";
  } else if (slow.state() == State::more) {
    return "more";
  }
  if (whole.state() == State::malformed) {
    return "malformed";
  }
  const auto& source = whole.source();
  EXPECT_EQ(source.has_value(), slow.source().has_value());
  return source ? source->address + ' ' + std::to_string(source->port) : "none";
}

std::string v2(char command, char family, const std::string& rest) {
  const auto size = rest.size();
  return "\r\n\r\n\0\r\nQUIT\n"s + command + family + static_cast<char>(size >> 8U) + static_cast<char>(size & 0xFFU) +
         rest;
}

const std::string kTcp4 = "\xC0\0\2\7\xC0\0\2\x8\xDC\4\1\xBB"s;
const std::string kTcp6 =
    "\x20\1\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\1"s
    "\x20\1\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\2"s
    "\xDC\4\1\xBB"s;

TEST(ProxyHeader, OfVersion1NamesTheSource) {
  EXPECT_EQ(read("PROXY TCP4 192.0.2.7 192.0.2.8 56324 443\r\n"), "192.0.2.7 56324");
  EXPECT_EQ(read("PROXY TCP6 2001:DB8::1 2001:db8::2 1 65535\r\n"), "2001:db8::1 1");
  EXPECT_EQ(read("PROXY TCP6 ::ffff:192.0.2.7 ::1 0 0\r\n"), "192.0.2.7 0");
}

TEST(ProxyHeader, OfVersion1MayNotKnowTheSource) {
  EXPECT_EQ(read("PROXY UNKNOWN\r\n"), "none");
  EXPECT_EQ(read("PROXY UNKNOWN ffff::1 whatever 65535\r\n"), "none");
}

TEST(ProxyHeader, OfVersion1EndsWithinItsBound) {
  const std::string longest = "PROXY UNKNOWN " + std::string(107 - 16, 'x');
  EXPECT_EQ(read(longest + "\r\n"), "none");
  EXPECT_EQ(read(longest + "x\r\n"), "malformed");
  ProxyHeaderParser parser;
  EXPECT_EQ(parser.feed("PROXY UNKNOWN " + std::string(100'000, 'x')), 107U);
  EXPECT_EQ(parser.state(), State::malformed);
}

TEST(ProxyHeader, OfVersion1IsRefusedInAnyOtherForm) {
  for (const std::string& bad : {"GET / HTTP/1.1\r\n"s,
                                 "proxy TCP4 192.0.2.7 192.0.2.8 1 2\r\n"s,
                                 "PROXY\r\n"s,
                                 "PROXY \r\n"s,
                                 "PROXY  TCP4 192.0.2.7 192.0.2.8 1 2\r\n"s,
                                 "PROXY TCP4  192.0.2.7 192.0.2.8 1 2\r\n"s,
                                 "PROXY TCP4 192.0.2.7 192.0.2.8 1 2 \r\n"s,
                                 "PROXY TCP4 192.0.2.7 192.0.2.8 1 2\n"s,
                                 "PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\r\n"s,
                                 "PROXY TCP4 192.0.2.7 192.0.2.8 1\r2\r\n"s,
                                 "PROXY TCP4 192.0.2.7 192.0.2.8 1\r\n"s,
                                 "PROXY TCP4 192.0.2.7 192.0.2.8 1 2 3\r\n"s,
                                 "PROXY TCP4 192.0.2.7 192.0.2.8 01 2\r\n"s,
                                 "PROXY TCP4 192.0.2.7 192.0.2.8 1 65536\r\n"s,
                                 "PROXY TCP4 192.0.2.7 192.0.2.8 -1 2\r\n"s,
                                 "PROXY TCP4 192.0.2.7 192.0.2.8 1 \r\n"s,
                                 "PROXY TCP4 192.0.2.07 192.0.2.8 1 2\r\n"s,
                                 "PROXY TCP4 192.0.2 192.0.2.8 1 2\r\n"s,
                                 "PROXY TCP4 ::1 ::2 1 2\r\n"s,
                                 "PROXY TCP6 192.0.2.7 192.0.2.8 1 2\r\n"s,
                                 "PROXY TCP6 ::1 192.0.2.8 1 2\r\n"s,
                                 "PROXY TCP4 192.0.2.7\0 192.0.2.8 1 2\r\n"s,
                                 "PROXY TCP5 192.0.2.7 192.0.2.8 1 2\r\n"s,
                                 "PROXY UDP4 192.0.2.7 192.0.2.8 1 2\r\n"s,
                                 "PROXY UNKNOWNS\r\n"s,
                                 "PROXY UNKNOWN\n"s}) {
    EXPECT_EQ(read(bad), "malformed") << bad;
  }
}

TEST(ProxyHeader, OfVersion2NamesTheSource) {
  EXPECT_EQ(read(v2('\x21', '\x11', kTcp4)), "192.0.2.7 56324");
  EXPECT_EQ(read(v2('\x21', '\x21', kTcp6)), "2001:db8::1 56324");
  EXPECT_EQ(read(v2('\x21', '\x31', std::string(216, '\0'))), "unix 0");
  const std::string mapped = "\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xC0\0\2\7"s;
  EXPECT_EQ(read(v2('\x21', '\x21', mapped + mapped + "\0\1\0\2"s)), "192.0.2.7 1");
}

TEST(ProxyHeader, OfVersion2PassesOverWhatStandsBehindTheAddresses) {
  EXPECT_EQ(read(v2('\x21', '\x11', kTcp4 + "\4\0\1x"s)), "192.0.2.7 56324");
  EXPECT_EQ(read(v2('\x21', '\x21', kTcp6 + std::string(65'535 - 36, 'x'))), "2001:db8::1 56324");
  EXPECT_EQ(read(v2('\x21', '\x31', std::string(300, 'x'))), "unix 0");
}

TEST(ProxyHeader, OfVersion2MayBeTheProxysOwnOrNotKnowTheSource) {
  EXPECT_EQ(read(v2('\x20', '\0', "")), "none");
  EXPECT_EQ(read(v2('\x20', '\x11', kTcp4)), "none");
  EXPECT_EQ(read(v2('\x20', '\x7F', "x")), "none") << "the family of LOCAL is ignored";
  EXPECT_EQ(read(v2('\x21', '\0', "")), "none");
  EXPECT_EQ(read(v2('\x21', '\0', "anything")), "none");
}

TEST(ProxyHeader, OfVersion2IsRefusedInAnyOtherForm) {
  for (const std::string& bad :
       {v2('\x11', '\x11', kTcp4), v2('\x31', '\x11', kTcp4), v2('\x22', '\x11', kTcp4), v2('\x21', '\x12', kTcp4),
        v2('\x21', '\x10', kTcp4), v2('\x21', '\x01', kTcp4), v2('\x21', '\x41', kTcp4),
        v2('\x21', '\x11', kTcp4.substr(1)), v2('\x21', '\x21', kTcp6.substr(1)), v2('\x21', '\x21', kTcp4),
        v2('\x21', '\x31', std::string(215, 'x')), "\r\n\r\n\0\r\nQUIT\r"s, "\r\n\r\nPROXY"s}) {
    EXPECT_EQ(read(bad), "malformed");
  }
}

TEST(ProxyHeader, WaitsForTheRest) {
  for (const std::string& header :
       {"PROXY TCP4 192.0.2.7 192.0.2.8 56324 443\r\n"s, v2('\x21', '\x21', kTcp6 + "\4\0\1x"s)}) {
    for (std::size_t size = 0; size < header.size(); ++size) {
      ProxyHeaderParser parser;
      EXPECT_EQ(parser.feed(std::string_view(header).substr(0, size)), size);
      EXPECT_EQ(parser.state(), State::more) << size;
    }
  }
}

}  // namespace
}  // namespace mcdsl::net
