#include "mcdsl/crypto/hmac_key.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace mcdsl::crypto {
namespace {

TEST(HmacKey, GivesTheCodesOfHmacSha256) {
  for (const std::size_t key_size : {0U, 1U, 32U, 64U, 65U, 131U}) {
    const std::string key(key_size, 'k');
    const HmacKey prepared{Secret(key)};
    for (const std::size_t size : {0U, 1U, 55U, 64U, 300U}) {
      const std::string text(size, 't');
      EXPECT_EQ(prepared.code(text), hmac_sha256(key, text)) << key_size << " bytes of key, " << size << " of text";
    }
  }
}

TEST(HmacKey, IsUsedByManyThreadsAtOnce) {
  const HmacKey key{Secret("Jefe")};
  const Sha256 expected = hmac_sha256("Jefe", "what do ya want for nothing?");
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(key.code("what do ya want for nothing?"), expected);
      }
    });
  }
}

}  // namespace
}  // namespace mcdsl::crypto
