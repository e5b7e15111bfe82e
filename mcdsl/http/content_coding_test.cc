#include "mcdsl/http/content_coding.h"

#include <initializer_list>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace mcdsl::http {
namespace {

std::string accepted(std::initializer_list<std::string_view> lines) {
  Headers headers;
  for (const std::string_view line : lines) {
    headers.add("accept-encoding", line);
  }
  std::string names;
  for (const ContentCoding coding : accepted_codings(headers)) {
    names.append(names.empty() ? "" : " ").append(name(coding));
  }
  return names;
}

TEST(AcceptEncoding, OffersNothingToWhoDoesNotAsk) {
  EXPECT_EQ(accepted({}), "");
  EXPECT_EQ(accepted({""}), "");
  EXPECT_EQ(accepted({"identity"}), "");
  EXPECT_EQ(accepted({"br, deflate, compress"}), "");
}

TEST(AcceptEncoding, TakesWhatIsNamed) {
  EXPECT_EQ(accepted({"gzip"}), "gzip");
  EXPECT_EQ(accepted({"GZip"}), "gzip");
  EXPECT_EQ(accepted({"x-gzip"}), "gzip");
  EXPECT_EQ(accepted({"zstd"}), "zstd");
  EXPECT_EQ(accepted({"br;q=1.0, gzip;q=0.8"}), "gzip");
  EXPECT_EQ(accepted({"br", "gzip"}), "gzip");
  EXPECT_EQ(accepted({" ,, gzip , ,"}), "gzip");
}

TEST(AcceptEncoding, PutsTheBetterFirstAndZstdWhereTheClientDoesNotCare) {
  EXPECT_EQ(accepted({"gzip, deflate, br, zstd"}), "zstd gzip");
  EXPECT_EQ(accepted({"gzip;q=0.9, zstd;q=0.8"}), "gzip zstd");
  EXPECT_EQ(accepted({"gzip;q=0.001, zstd;q=0.002"}), "zstd gzip");
  EXPECT_EQ(accepted({"gzip;q=1, zstd;q=1.000"}), "zstd gzip");
}

TEST(AcceptEncoding, RefusesWhatHasNoWeight) {
  EXPECT_EQ(accepted({"gzip;q=0, zstd"}), "zstd");
  EXPECT_EQ(accepted({"gzip;q=0.000"}), "");
  EXPECT_EQ(accepted({"gzip, gzip;q=0"}), "");
  EXPECT_EQ(accepted({"gzip;q=0", "gzip"}), "");
}

TEST(AcceptEncoding, LetsTheStarStandForWhatIsNotNamed) {
  EXPECT_EQ(accepted({"*"}), "zstd gzip");
  EXPECT_EQ(accepted({"*;q=0"}), "");
  EXPECT_EQ(accepted({"gzip, *;q=0"}), "gzip");
  EXPECT_EQ(accepted({"zstd;q=0, *"}), "gzip");
  EXPECT_EQ(accepted({"gzip, *;q=0.5"}), "gzip zstd");
}

TEST(AcceptEncoding, DoesNotPackForWhoPrefersTheBytesAsTheyAre) {
  EXPECT_EQ(accepted({"identity, gzip;q=0.5"}), "");
  EXPECT_EQ(accepted({"identity;q=0.5, gzip;q=0.4, zstd;q=0.6"}), "zstd");
  EXPECT_EQ(accepted({"identity;q=0, gzip;q=0.1"}), "gzip");
  EXPECT_EQ(accepted({"*, gzip;q=0.5"}), "zstd");
}

TEST(AcceptEncoding, CountsForNothingWhereItIsMalformed) {
  for (const std::string_view line :
       {"gzip zstd", "gzip;", "gzip;q", "gzip;q=", "gzip;q=2", "gzip;q=1.001", "gzip;q=0.0001", "gzip;q=.5",
        "gzip;q=-1", "gzip;q=1,zstd;q=x", "gzip;x=1", "gzip;q=1;q=1", "gzip;q =1", "gzip;q= 1", ";q=1", "gzip;q=1e0",
        "\"gzip\"", "gzip/zstd"}) {
    EXPECT_EQ(accepted({line}), "") << line;
    EXPECT_EQ(accepted({"zstd", line}), "") << line;
  }
}

TEST(AddVary, SaysAFieldOnce) {
  Headers headers;
  add_vary(headers, "accept-encoding");
  add_vary(headers, "accept-encoding");
  EXPECT_EQ(headers.count("vary"), 1U);
  headers.set("vary", "Cookie, Accept-Encoding");
  add_vary(headers, "accept-encoding");
  EXPECT_EQ(headers.count("vary"), 1U);
  headers.set("vary", "*");
  add_vary(headers, "accept-encoding");
  EXPECT_EQ(headers.count("vary"), 1U);
  headers.set("vary", "cookie");
  add_vary(headers, "accept-encoding");
  EXPECT_TRUE(headers.has_element("vary", "cookie"));
  EXPECT_TRUE(headers.has_element("vary", "accept-encoding"));
}

}  // namespace
}  // namespace mcdsl::http
