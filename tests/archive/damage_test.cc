#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/archive/archive.h"
#include "mcdsl/archive/restore.h"
#include "mcdsl/archive/tree_for_test.h"
#include "mcdsl/db/database.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::archive {
namespace {

using testing::bytes_of;
using testing::noise;
using testing::put;
using testing::Tree;
using testing::tree_of;

// An archive of a small service, and a folder that a restore would replace.
class Damaged : public ::testing::Test {
 protected:
  Damaged() {
    {
      const auto database = db::Database::open({.path = root_ / "s/notes.db"});
      value_or_throw(database.write([](db::WriteTransaction& transaction) {
        value_or_throw(transaction.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)"));
        return transaction.execute("INSERT INTO notes (body) VALUES ('one')");
      }));
    }
    put(root_ / "s" / "text", std::string(20'000, 'x') + noise(500, 3));
    put(root_ / "s" / "a" / "noise", noise(30'000, 7));
    value_or_throw(create(root_ / "s", root_ / "good.tar.zst"));
    good_ = bytes_of(root_ / "good.tar.zst");
    put(root_ / "target" / "file", "what was there");
    before_ = tree_of(root_ / "target");
  }

  void expect_refused(const std::string& bytes, const std::string& what) {
    put(root_ / "bad.tar.zst", bytes);
    EXPECT_FALSE(verify(root_ / "bad.tar.zst", {})) << what;
    EXPECT_FALSE(restore(root_ / "bad.tar.zst", root_ / "target")) << what;
    EXPECT_FALSE(std::filesystem::exists(root_ / "bad.tar.zst.verified"));
  }
  // The target is as it was, and nothing lies beside it.
  void expect_untouched() const {
    EXPECT_TRUE(tree_of(root_ / "target") == before_);
    for (const auto& entry : std::filesystem::directory_iterator(root_.path())) {
      EXPECT_FALSE(entry.path().filename().string().starts_with(".")) << entry.path();
    }
  }

  struct Root : mcdsl::testing::TempDir {
    Root() { std::filesystem::create_directory(path() / "s"); }
  } root_;
  std::string good_;
  Tree before_;
};

TEST_F(Damaged, ByTruncationAtAnyBlockIsFound) {
  for (std::size_t size = 0; size < good_.size(); size += 512) {
    expect_refused(good_.substr(0, size), "cut to " + std::to_string(size));
  }
  for (std::size_t missing = 1; missing <= 60; ++missing) {  // within the trailer, and just before it
    expect_refused(good_.substr(0, good_.size() - missing), std::to_string(missing) + " bytes are missing");
  }
  expect_untouched();
}

// MCDSL_TEST_FLIPS bits (200) anywhere, and each of those where zstd itself does not look.
TEST_F(Damaged, ByAnyBitIsFound) {
  const char* const wanted = std::getenv("MCDSL_TEST_FLIPS");
  const int flips = wanted == nullptr ? 200 : std::atoi(wanted);
  std::uint64_t random = 4711;
  const auto flip_and_expect = [&](std::size_t bit) {
    std::string bad = good_;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    expect_refused(bad, "bit " + std::to_string(bit));
  };
  for (int i = 0; i < flips; ++i) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    flip_and_expect((random >> 20U) % (good_.size() * 8));
  }
  for (std::size_t bit = 0; bit < 96; ++bit) {  // the frame's header, where some change nothing that comes out
    flip_and_expect(bit);
  }
  for (std::size_t bit = (good_.size() - 48) * 8; bit < good_.size() * 8; bit += 7) {  // the trailer
    flip_and_expect(bit);
  }
  expect_untouched();
}

TEST_F(Damaged, OrNotByWhatFollowsIt) {
  expect_refused(good_ + "x", "a byte more");
  expect_refused(good_ + good_, "twice");
  expect_refused(good_.substr(0, good_.size() - 48), "without its trailer");
  put(root_ / "bad.tar.zst", good_);
  EXPECT_TRUE(verify(root_ / "bad.tar.zst", {}));
  expect_untouched();
}

}  // namespace
}  // namespace mcdsl::archive
