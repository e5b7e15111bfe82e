#include "tools/mcias-dev/totp.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tools/mcias-dev/qr_code.h"

namespace mcias {
namespace {

using namespace std::chrono_literals;
using mcdsl::Secret;
using Time = mcdsl::Clock::WallTime;

const Secret kSecret("12345678901234567890");  // of RFC 4226 appendix D and RFC 6238 appendix B

TEST(Totp, GivesTheCodesOfRfc6238) {
  const std::vector<std::pair<std::int64_t, std::string>> codes{{59, "94287082"},         {1111111109, "07081804"},
                                                                {1111111111, "14050471"}, {1234567890, "89005924"},
                                                                {2000000000, "69279037"}, {20000000000, "65353130"}};
  for (const auto& [second, eight_digits] : codes) {
    EXPECT_EQ(totp_code(kSecret, second / 30), eight_digits.substr(2)) << second;
  }
}

TEST(Totp, CountsStepsOfThirtySeconds) {
  EXPECT_EQ(totp_step(Time(0s)), 0);
  EXPECT_EQ(totp_step(Time(59s + 999ms)), 1);
  EXPECT_EQ(totp_step(Time(1111111110s)), 37037037);
}

TEST(Totp, GivesTheCodesOfRfc4226) {
  const std::vector<std::string> codes{"755224", "287082", "359152", "969429", "338314",
                                       "254676", "287922", "162583", "399871", "520489"};
  for (std::size_t i = 0; i < codes.size(); ++i) {
    EXPECT_EQ(totp_code(kSecret, static_cast<std::int64_t>(i)), codes[i]);
  }
}

TEST(Totp, TakesTheStepsBesideThePresentOneAndNoOthers) {
  const Time now{1000000000s};
  const std::int64_t step = totp_step(now);
  for (std::int64_t at = step - 3; at <= step + 3; ++at) {
    const auto found = find_totp_step(kSecret, totp_code(kSecret, at), now, 0);
    const bool near = at >= step - 1 && at <= step + 1;
    EXPECT_EQ(found, near ? std::optional(at) : std::nullopt) << at - step;
  }
}

TEST(Totp, TakesNoStepTwiceAndNoneBeforeIt) {
  const Time now{1000000000s};
  const std::int64_t step = totp_step(now);
  EXPECT_EQ(find_totp_step(kSecret, totp_code(kSecret, step), now, step), std::nullopt);
  EXPECT_EQ(find_totp_step(kSecret, totp_code(kSecret, step - 1), now, step), std::nullopt);
  EXPECT_EQ(find_totp_step(kSecret, totp_code(kSecret, step + 1), now, step), step + 1);
}

TEST(Totp, RefusesWhatIsNoCode) {
  const Time now{1000000000s};
  const std::string good = totp_code(kSecret, totp_step(now));
  for (const std::string& code : {std::string(), good.substr(1), good + "0", " " + good, std::string("abcdef")}) {
    EXPECT_EQ(find_totp_step(kSecret, code, now, 0), std::nullopt) << code;
  }
  EXPECT_EQ(find_totp_step(new_totp_secret(), good, now, 0), std::nullopt);
}

TEST(Totp, WritesWhatAppsRead) {
  // RFC 4648 §10
  for (const auto& [bytes, text] : std::vector<std::pair<std::string, std::string>>{
           {"", ""}, {"f", "MY"}, {"fo", "MZXQ"}, {"foo", "MZXW6"}, {"foob", "MZXW6YQ"}, {"foobar", "MZXW6YTBOI"}}) {
    EXPECT_EQ(base32_encode(bytes), text);
  }
  EXPECT_EQ(otpauth_uri("https://mcias.test", "alice@example.org", kSecret),
            "otpauth://totp/https%3A%2F%2Fmcias.test:alice%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
            "&issuer=https%3A%2F%2Fmcias.test");
  EXPECT_EQ(new_totp_secret().reveal().size(), 20U);
}

// A finder pattern is 7 x 7: the picture has three of them and a light border all around.
TEST(QrCode, IsASquareOfHalfBlocksWithABorder) {
  const std::string picture = qr_code("otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQ&issuer=a");
  std::vector<std::u32string> rows(1);
  for (std::size_t i = 0; i < picture.size();) {
    if (picture[i] == '\n') {
      rows.emplace_back();
      ++i;
    } else if (picture[i] == ' ') {
      rows.back().push_back(U' ');
      ++i;
    } else {
      const std::string block = picture.substr(i, 3);
      ASSERT_TRUE(block == "█" || block == "▀" || block == "▄") << i;
      rows.back().push_back(block == "█" ? U'F' : block == "▀" ? U'U' : U'L');
      i += 3;
    }
  }
  rows.pop_back();
  const std::size_t width = rows.front().size();
  EXPECT_EQ(rows.size(), (width + 1) / 2);
  EXPECT_EQ((width - 8 - 17) % 4, 0U) << "ISO/IEC 18004: 17 + 4 * version, and a border of 4";
  EXPECT_EQ(rows.back(), std::u32string(width, U'U')) << "the number of lines is odd";
  rows.pop_back();
  for (const auto& row : rows) {
    EXPECT_EQ(row.size(), width);
    EXPECT_TRUE(row.starts_with(U"FFFF") && row.ends_with(U"FFFF")) << "light is drawn, as terminals are dark";
  }
  EXPECT_EQ(rows[0], std::u32string(width, U'F'));
  EXPECT_EQ(rows[2].substr(4, 8), U" LLLLL F") << "the top of a finder pattern";
}

}  // namespace
}  // namespace mcias
