#include "mcdsl/csrf/internal/key_text.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace mcdsl::csrf::internal {
namespace {

const std::string kHex(64, 'a');
const std::string kKey(32, '\xaa');

TEST(KeyText, ReadsWhatItWrote) {
  const KeyBytes one{.current = Secret(kKey)};
  EXPECT_EQ(format_keys(one).reveal(), "mcdsl keys 1\ncurrent " + kHex + "\n");
  const auto read = parse_keys(format_keys(one).reveal());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->current.reveal(), kKey);
  EXPECT_FALSE(read->previous);

  const KeyBytes two{.current = Secret(kKey), .previous = Secret(std::string(32, 'p'))};
  const auto both = parse_keys(format_keys(two).reveal());
  ASSERT_TRUE(both && both->previous);
  EXPECT_EQ(both->previous->reveal(), std::string(32, 'p'));
}

TEST(KeyText, SaysWhatIsWrongAndQuotesNoKey) {
  const std::string good = "mcdsl keys 1\ncurrent " + kHex + "\n";
  const std::vector<std::pair<std::string, std::string>> table{
      {"", "empty"},
      {"garbage", "no key file"},
      {"mcdsl keys 2\ncurrent " + kHex + "\n", "no key file"},
      {"mcdsl keys 1\n", "line 2 ends before its newline"},
      {good.substr(0, good.size() - 1), "line 2 ends before its newline"},
      {good.substr(0, 40), "line 2 ends before its newline"},
      {"mcdsl keys 1\nprevious " + kHex + "\n", "line 2 does not begin with \"current \""},
      {"mcdsl keys 1\ncurrent " + kHex.substr(2) + "\n", "line 2 does not hold a key"},
      {"mcdsl keys 1\ncurrent " + kHex + "aa\n", "line 2 does not hold a key"},
      {"mcdsl keys 1\ncurrent " + std::string(64, 'g') + "\n", "line 2 does not hold a key"},
      {"mcdsl keys 1\r\ncurrent " + kHex + "\n", "no key file"},
      {good + "previous " + kHex, "line 3 ends before its newline"},
      {good + good, "line 3 does not begin with \"previous \""},
      {good + "previous " + kHex + "\n\n", "behind line 3"},
  };
  for (const auto& [text, problem] : table) {
    const auto keys = parse_keys(text);
    ASSERT_FALSE(keys) << text;
    EXPECT_TRUE(keys.error().message().contains(problem)) << keys.error().message();
    EXPECT_FALSE(keys.error().message().contains("aaaa")) << keys.error().message();
  }
}

}  // namespace
}  // namespace mcdsl::csrf::internal
