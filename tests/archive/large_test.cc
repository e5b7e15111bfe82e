#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "mcdsl/archive/archive.h"
#include "mcdsl/archive/restore.h"
#include "mcdsl/archive/tree_for_test.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::archive {
namespace {

using testing::noise;
using testing::put;

// MCDSL_TEST_LARGE MiB (200), mostly holes: beyond 8 GiB a size no longer fits into a header of tar.
TEST(LargeFile, RoundTripsInLittleMemory) {
  const char* const wanted = std::getenv("MCDSL_TEST_LARGE");
  const std::uintmax_t size = (wanted == nullptr ? 200U : std::strtoull(wanted, nullptr, 10)) << 20U;
  const mcdsl::testing::TempDir root;
  const auto file = put(root / "s" / "large", noise(100'000, 1));
  std::filesystem::resize_file(file, size);
  for (std::uintmax_t place = 1; place < 8; ++place) {
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(size / 8 * place + 4097));
    out << noise(3'000'000, place);
  }
  value_or_throw(create(root / "s", root / "a.tar.zst"));
  value_or_throw(verify(root / "a.tar.zst"));
  value_or_throw(restore(root / "a.tar.zst", root / "t"));
  EXPECT_EQ(std::system(("cmp '" + file.string() + "' '" + (root / "t/large").string() + "'").c_str()), 0);
  struct stat status{};
  ASSERT_EQ(::stat((root / "t/large").c_str(), &status), 0);
  EXPECT_LT(status.st_blocks * 512, 64 << 20U);
  struct rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  ::testing::Test::RecordProperty("max_resident_kib", static_cast<int>(usage.ru_maxrss));
}

}  // namespace
}  // namespace mcdsl::archive
