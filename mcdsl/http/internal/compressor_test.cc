#include "mcdsl/http/internal/compressor.h"

#include <cstddef>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/http/internal/unpack_for_test.h"

namespace mcdsl::http::internal {
namespace {

std::string words(std::size_t size) {
  std::string out;
  for (std::size_t i = 0; out.size() < size; ++i) {
    out.append(R"({"slug":"document-)").append(std::to_string(i * 7919)).append(R"("},)");
  }
  out.resize(size);
  return out;
}

std::string noise(std::size_t size) {
  std::mt19937 random(1);
  std::string out;
  for (std::size_t i = 0; i < size; ++i) {
    out.push_back(static_cast<char>(random()));
  }
  return out;
}

TEST(Compressor, MakesWhatTheOtherSideReads) {
  Compressor compressor;
  for (const std::size_t size : {200U, 1024U, 100'000U, 8U << 20U}) {
    const std::string bytes = words(size);
    const auto gzip = compressor.pack(ContentCoding::gzip, bytes);
    const auto zstd = compressor.pack(ContentCoding::zstd, bytes);
    ASSERT_TRUE(gzip && zstd) << size;
    EXPECT_LT(gzip->size(), size);
    EXPECT_LT(zstd->size(), size);
    EXPECT_TRUE(unpack_gzip(*gzip) == bytes) << size;
    EXPECT_TRUE(unpack_zstd(*zstd) == bytes) << size;
  }
}

TEST(Compressor, LeavesWhatDoesNotBecomeSmallerAndIsAsGoodAsNewAfterIt) {
  Compressor compressor;
  const std::string bytes = words(4096);
  for (const ContentCoding coding : {ContentCoding::gzip, ContentCoding::zstd}) {
    const auto first = compressor.pack(coding, bytes);
    EXPECT_FALSE(compressor.pack(coding, noise(4096)));
    EXPECT_FALSE(compressor.pack(coding, ""));
    EXPECT_FALSE(compressor.pack(coding, "a"));
    EXPECT_FALSE(compressor.pack(coding, "ab"));
    EXPECT_EQ(compressor.pack(coding, bytes), first);
  }
}

TEST(Compressor, ServesManyThreadsAndKeepsLittle) {
  Compressor compressor;
  const std::string bytes = words(20'000);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 4; ++i) {
          const auto gzip = compressor.pack(ContentCoding::gzip, bytes);
          const auto zstd = compressor.pack(ContentCoding::zstd, bytes);
          EXPECT_TRUE(gzip && unpack_gzip(*gzip) == bytes);
          EXPECT_TRUE(zstd && unpack_zstd(*zstd) == bytes);
        }
      });
    }
  }
  EXPECT_GT(compressor.memory(), 0U);
  EXPECT_LE(compressor.memory(), std::size_t{3} << 20U);
}

TEST(Compressor, GivesBackWhatALargeBodyTook) {
  Compressor compressor;
  ASSERT_TRUE(compressor.pack(ContentCoding::zstd, words(8U << 20U)));
  EXPECT_EQ(compressor.memory(), 0U);
  ASSERT_TRUE(compressor.pack(ContentCoding::gzip, words(1024)));
  EXPECT_EQ(compressor.memory(), 0U);
  ASSERT_TRUE(compressor.pack(ContentCoding::zstd, words(1024)));
  EXPECT_GT(compressor.memory(), 0U);
}

}  // namespace
}  // namespace mcdsl::http::internal
