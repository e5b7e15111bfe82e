#include "mcdsl/http/cidr.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace mcdsl::http {
namespace {

bool contains(std::string_view block, std::string_view address) {
  const auto cidr = Cidr::parse(block);
  const auto ip = IpAddress::parse(address);
  EXPECT_TRUE(cidr && ip) << block << " " << address;
  return cidr && ip && cidr->contains(*ip);
}

TEST(IpAddress, IsWrittenInOneForm) {
  EXPECT_EQ(IpAddress::parse("192.0.2.7")->to_string(), "192.0.2.7");
  EXPECT_EQ(IpAddress::parse("2001:0DB8:0:0::1")->to_string(), "2001:db8::1");
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.7")->to_string(), "192.0.2.7");
  EXPECT_EQ(IpAddress::parse("::FFFF:c000:207"), IpAddress::parse("192.0.2.7"));
}

TEST(IpAddress, RefusesEverythingElse) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {""sv,         "1.2.3"sv,      "1.2.3.4.5"sv, "01.2.3.4"sv,   "1.2.3.256"sv,
        "1.2.3.4 "sv, " 1.2.3.4"sv,   "1.2.3.4\0"sv, "1.2.3.4\0x"sv, "0x1.2.3.4"sv,
        "16909060"sv, "1.2.3.4:80"sv, "[::1]"sv,     ":::"sv,        "::1%eth0"sv,
        "1::2::3"sv,  "12345::"sv,    "g::"sv,       "localhost"sv,  "1:2:3:4:5:6:7:8:9"sv}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string(5000, '1')));
}

TEST(Cidr, HoldsTheAddressesOfItsPrefix) {
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(contains("192.0.2.128/25", "192.0.2.128"));
  EXPECT_FALSE(contains("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(contains("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(contains("192.0.2.7", "192.0.2.6"));
  EXPECT_TRUE(contains("0.0.0.0/0", "203.0.113.9"));
  EXPECT_TRUE(contains("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(contains("::1", "::1"));
  EXPECT_TRUE(contains("2001:db8::1/128", "2001:db8::1"));
}

TEST(Cidr, PassesOverBitsBehindThePrefix) {
  EXPECT_TRUE(contains("10.1.2.3/8", "10.9.9.9"));
}

TEST(Cidr, KeepsTheTwoFamiliesApart) {
  EXPECT_FALSE(contains("::/0", "192.0.2.7"));
  EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(contains("::/0", "2001:db8::1"));
  EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.1.1.1"));
  EXPECT_TRUE(contains("::ffff:10.0.0.0/104", "10.1.1.1"));
  EXPECT_FALSE(contains("::ffff:10.0.0.0/104", "11.1.1.1"));
}

TEST(Cidr, RefusesWhatIsNoBlock) {
  for (const std::string_view text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8 ",
                                      "10.0.0.0/8/8", "10.0.0/8", "::/129", "::/x", "/8", "10.0.0.0/4294967304"}) {
    EXPECT_FALSE(Cidr::parse(text)) << text;
  }
}

}  // namespace
}  // namespace mcdsl::http
