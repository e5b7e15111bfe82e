// Takes the input as an archive, and as the tar in one: what is accepted must stay below the folder and within the
// limits.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "mcdsl/archive/internal/archive_reader.h"
#include "mcdsl/archive/internal/zstd_source.h"
#include "mcdsl/testing/temp_dir.h"

namespace {

using namespace mcdsl::archive;  // NOLINT(google-build-using-namespace): a fuzzer's own file
using namespace mcdsl::archive::internal;

constexpr Limits kLimits{.max_bytes = 1 << 20U, .max_entries = 100, .max_ratio = 10, .max_window_log = 20};

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

class Memory final : public ByteSource {
 public:
  explicit Memory(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] std::string_view next() override {
    const std::string_view piece = bytes_.substr(0, 700);  // across the blocks
    bytes_.remove_prefix(piece.size());
    return piece;
  }

 private:
  std::string_view bytes_;
};

class Check final : public Visitor {
 public:
  void folder(const TarReader::Item& item) override { check(item); }
  void link(const TarReader::Item& item) override {
    check(item);
    require(!item.entry.link.starts_with('/'));
  }
  void begin_file(const TarReader::Item& item) override {
    check(item);
    position_ = 0;
    end_ = item.entry.size;
  }
  void piece(std::uint64_t offset, std::string_view bytes) override {
    require(offset >= position_ && offset + bytes.size() <= end_);
    position_ = offset + bytes.size();
  }

 private:
  static void check(const TarReader::Item& item) {
    const std::filesystem::path path(item.entry.path);
    require(!item.entry.path.empty() && !path.is_absolute() && !item.entry.path.contains('\0'));
    for (const auto& name : path) {
      require(name != ".." && name != "." && !name.empty() && name.native().size() <= 255);
    }
    require(item.entry.mode <= 0777 && item.entry.size <= kLimits.max_bytes);
  }

  std::uint64_t position_ = 0;
  std::uint64_t end_ = 0;
};

void read(ByteSource& source, const std::filesystem::path& scratch) {
  try {
    ArchiveReader reader(source, kLimits, scratch);
    Check check;
    reader.read(check, true, [](std::uint64_t /*entries*/) {});
    if (reader.has_manifest()) {
      (void)reader.hold_to_manifest([](const std::string& /*path*/) { return std::nullopt; });
    }
  } catch (const Refusal&) {
    return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const mcdsl::testing::TempDir kScratch;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): libFuzzer's bytes
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  Memory memory(input);
  read(memory, kScratch.path());
  ZstdSource packed(input, kLimits);
  read(packed, kScratch.path());
  return 0;
}
