#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/archive/archive.h"
#include "mcdsl/archive/internal/byte_source.h"
#include "mcdsl/archive/internal/tar_writer.h"
#include "mcdsl/base/function_ref.h"

namespace mcdsl::archive::internal {

/// Reads tar strictly: ustar, pax, and of GNU's extensions long names, binary numbers and sparse files in format 1.0.
/// Regular files, folders and symbolic links only. What is ambiguous is refused, not guessed: a header that is set
/// twice, a NUL in a record, bytes after the end of a field, a missing end.
class TarReader {
 public:
  struct Item {
    Entry entry;  ///< its path is clean; empty for the folder itself
    std::int64_t mtime = 0;
    bool is_sparse = false;
    std::uint64_t stored = 0;     ///< bytes of data
    std::vector<Extent> extents;  ///< where they belong
  };

  /// Lifetime: the source and the limits outlive it.
  TarReader(ByteSource& source, const Limits& limits) : source_(source), limits_(limits) {}

  /// The next entry; nullopt at the end, when the rest was seen to be zeros. What was not read of the last one is
  /// skipped. Throws Refusal.
  [[nodiscard]] std::optional<Item> next();

  /// All data of the entry that `next` gave, in pieces of any size, each with its place in the file.
  void read_data(const Item& item, FunctionRef<void(std::uint64_t offset, std::string_view piece)> take);

 private:
  struct Extras;
  struct Raw;

  [[nodiscard]] std::string_view some(std::uint64_t most);
  void exactly(std::size_t size, std::string& out);
  [[nodiscard]] bool read_block();
  [[nodiscard]] Raw parse_block() const;
  void read_extra(const Raw& raw, Extras& extras);
  void read_records(const std::string& text, bool is_global, Extras& extras);
  [[nodiscard]] Item make_item(const Raw& raw, const Extras& extras);
  void read_sparse_map(Item& item);
  void skip_rest();
  void expect_end();

  ByteSource& source_;
  const Limits& limits_;
  std::string_view piece_;
  std::string block_;
  std::uint64_t left_ = 0;     // of the entry's data
  std::uint64_t padding_ = 0;  // after it
  bool is_started_ = false;
};

}  // namespace mcdsl::archive::internal
