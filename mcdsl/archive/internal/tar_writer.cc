#include "mcdsl/archive/internal/tar_writer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "mcdsl/base/bytes.h"

namespace mcdsl::archive::internal {
namespace {

constexpr std::uint64_t kMaxOctal = 077777777777;  // eleven digits

struct Field {
  std::size_t offset;
  std::size_t size;
};
constexpr Field kName{0, 100};
constexpr Field kMode{100, 8};
constexpr Field kUid{108, 8};
constexpr Field kGid{116, 8};
constexpr Field kSize{124, 12};
constexpr Field kMtime{136, 12};
constexpr Field kChecksum{148, 8};
constexpr std::size_t kType = 156;
constexpr Field kLink{157, 100};
constexpr Field kMagic{257, 8};
constexpr Field kPrefix{345, 155};

using Block = std::array<char, kBlock>;

void put(Block& block, Field field, std::string_view text) {
  std::ranges::copy(text.substr(0, field.size), block.begin() + static_cast<std::ptrdiff_t>(field.offset));
}

void put_octal(Block& block, Field field, std::uint64_t value) {
  std::string digits(field.size - 1, '0');
  for (std::size_t i = digits.size(); i > 0 && value > 0; value >>= 3U) {
    digits[--i] = static_cast<char>('0' + (value & 7U));
  }
  put(block, field, digits);
}

// "LENGTH key=value\n", where the length counts itself.
std::string record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (std::to_string(length).size() + rest != length) {
    ++length;
  }
  std::string text = std::to_string(length) + " ";
  return text.append(key).append("=").append(value).append("\n");
}

// Where a path is cut into prefix and name, if ustar can hold it; npos otherwise. 0: all of it is the name.
std::size_t cut_of(std::string_view path) {
  if (path.size() <= kName.size) {
    return 0;
  }
  for (std::size_t cut = path.find('/'); cut <= kPrefix.size; cut = path.find('/', cut + 1)) {
    if (path.size() - cut - 1 <= kName.size && cut + 1 < path.size()) {
      return cut;
    }
  }
  return std::string_view::npos;
}

}  // namespace

void TarWriter::pad() {
  if (in_block_ != 0) {
    constexpr Block kZeros{};
    out_(std::string_view(kZeros.data(), kBlock - in_block_));
    in_block_ = 0;
  }
}

void TarWriter::header(const Head& head, std::string records) {
  std::size_t cut = cut_of(head.path);
  if (cut == std::string_view::npos) {
    records += record("path", head.path);
  }
  if (head.link.size() > kLink.size) {
    records += record("linkpath", head.link);
  }
  if (head.size > kMaxOctal) {
    records += record("size", std::to_string(head.size));
  }
  if (!records.empty()) {
    if (!is_valid_utf8(records)) {
      records.insert(0, record("hdrcharset", "BINARY"));
    }
    header({.type = 'x', .path = "PaxHeader", .link = {}, .size = records.size(), .mode = 0600, .mtime = 0}, {});
    data(records);
    end_file();
  }
  Block block{};
  if (cut == std::string_view::npos) {
    cut = 0;
  }
  if (cut > 0) {
    put(block, kPrefix, head.path.substr(0, cut));
    put(block, kName, head.path.substr(cut + 1));
  } else {
    put(block, kName, head.path);
  }
  put_octal(block, kMode, head.mode);
  put_octal(block, kUid, 0);
  put_octal(block, kGid, 0);
  put_octal(block, kSize, head.size > kMaxOctal ? 0 : head.size);
  put_octal(block, kMtime,
            static_cast<std::uint64_t>(std::clamp<std::int64_t>(head.mtime, 0, static_cast<std::int64_t>(kMaxOctal))));
  put(block, kChecksum, "        ");
  block[kType] = head.type;
  put(block, kLink, head.link);
  put(block, kMagic, std::string_view("ustar\00000", 8));
  std::uint64_t sum = 0;
  for (const char c : block) {
    sum += static_cast<unsigned char>(c);
  }
  put_octal(block, {.offset = kChecksum.offset, .size = 7}, sum);
  block[kChecksum.offset + 6] = '\0';
  out_(std::string_view(block.data(), block.size()));
}

void TarWriter::folder(const Entry& entry, std::int64_t mtime) {
  const std::string path = entry.path + "/";
  header({.type = '5', .path = path, .link = {}, .size = 0, .mode = entry.mode, .mtime = mtime}, {});
}

void TarWriter::link(const Entry& entry, std::int64_t mtime) {
  header({.type = '2', .path = entry.path, .link = entry.link, .size = 0, .mode = entry.mode, .mtime = mtime}, {});
}

void TarWriter::begin_file(const Entry& entry, std::int64_t mtime) {
  header({.type = '0', .path = entry.path, .link = {}, .size = entry.size, .mode = entry.mode, .mtime = mtime}, {});
}

void TarWriter::begin_sparse_file(const Entry& entry, std::int64_t mtime, const std::vector<Extent>& extents) {
  std::string map = std::to_string(extents.size()) + "\n";
  std::uint64_t stored = 0;
  for (const Extent& extent : extents) {
    map += std::to_string(extent.offset) + "\n" + std::to_string(extent.size) + "\n";
    stored += extent.size;
  }
  map.resize((map.size() + kBlock - 1) / kBlock * kBlock, '\0');
  std::string records = record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0");
  records += record("GNU.sparse.name", entry.path) + record("GNU.sparse.realsize", std::to_string(entry.size));
  const std::size_t slash = entry.path.rfind('/') + 1;  // 0 where there is none
  // What a program sees that does not know the format.
  const std::string path = entry.path.substr(0, slash) + "GNUSparseFile.0/" + entry.path.substr(slash);
  header({.type = '0', .path = path, .link = {}, .size = map.size() + stored, .mode = entry.mode, .mtime = mtime},
         std::move(records));
  data(map);
}

void TarWriter::data(std::string_view bytes) {
  if (!bytes.empty()) {
    out_(bytes);
    in_block_ = (in_block_ + bytes.size()) % kBlock;
  }
}

void TarWriter::end_file() {
  pad();
}

void TarWriter::finish() {
  constexpr std::array<char, 2 * kBlock> kEnd{};
  out_(std::string_view(kEnd.data(), kEnd.size()));
}

}  // namespace mcdsl::archive::internal
