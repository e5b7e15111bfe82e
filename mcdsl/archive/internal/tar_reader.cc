#include "mcdsl/archive/internal/tar_reader.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

#include "mcdsl/archive/internal/names.h"
#include "mcdsl/archive/internal/system.h"
#include "mcdsl/base/error.h"

namespace mcdsl::archive::internal {
namespace {

constexpr std::size_t kMaxRecords = std::size_t{64} << 10U;  // of a pax header
constexpr std::uint64_t kMaxSize = std::numeric_limits<std::int64_t>::max();

[[noreturn]] void refuse(const std::string& why) {
  throw Refusal(Code::invalid_argument, why);
}

[[noreturn]] void refuse_short() {
  throw Refusal(Code::data_loss, "the archive is cut short");
}

// The text of a field: up to the first NUL, after which nothing else may come.
std::string_view text_of(std::string_view field) {
  const std::size_t end = std::min(field.find('\0'), field.size());
  if (field.find_first_not_of('\0', end) != std::string_view::npos) {
    refuse("a name has bytes after its end");
  }
  return field.substr(0, end);
}

// Octal digits between spaces and NULs, or GNU's binary form for what is larger.
std::uint64_t number_of(std::string_view field, const char* what) {
  const auto bad = [&] { refuse(std::string("the field of the ") + what + " is not a number"); };
  std::uint64_t value = 0;
  if ((static_cast<unsigned char>(field.front()) & 0x80U) != 0) {
    if (static_cast<unsigned char>(field.front()) != 0x80U) {
      bad();  // negative, or far beyond 64 bits
    }
    for (const char c : field.substr(1)) {
      if (value > kMaxSize >> 8U) {
        bad();
      }
      value = value << 8U | static_cast<unsigned char>(c);
    }
    return value;
  }
  const std::size_t start = std::min(field.find_first_not_of(' '), field.size());
  const std::size_t end = std::min(field.find_first_not_of("01234567", start), field.size());
  if (field.find_first_not_of(std::string_view(" \0", 2), end) != std::string_view::npos) {
    bad();
  }
  for (const char digit : field.substr(start, end - start)) {
    value = value << 3U | static_cast<unsigned>(digit - '0');  // twelve digits are 36 bits
  }
  return value;
}

std::uint64_t decimal_of(std::string_view text, const char* what) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value > kMaxSize) {
    refuse(std::string("the pax record of the ") + what + " is not a number");
  }
  return value;
}

const char* name_of_type(char type) {
  switch (type) {
    case '1':
      return "a hard link";
    case '3':
    case '4':
      return "a device";
    case '6':
      return "a FIFO";
    case 'S':
      return "a sparse file in GNU's old format";
    default:
      return "of an unknown type";
  }
}

}  // namespace

// What headers before an entry's own say about it.
struct TarReader::Extras {
  bool has_pax = false;
  bool has_gnu_name = false;
  bool has_gnu_link = false;
  std::optional<std::string> path;
  std::optional<std::string> link;
  std::optional<std::uint64_t> size;
  std::optional<std::int64_t> mtime;
  std::optional<std::string> sparse_name;
  std::optional<std::uint64_t> sparse_size;
  std::optional<std::uint64_t> sparse_major;
  std::optional<std::uint64_t> sparse_minor;

  [[nodiscard]] bool any() const { return has_pax || has_gnu_name || has_gnu_link; }
};

// An entry's own header.
struct TarReader::Raw {
  char type = 0;
  std::string path;
  std::string link;
  std::uint64_t size = 0;
  std::uint64_t mode = 0;
  std::uint64_t mtime = 0;
};

std::string_view TarReader::some(std::uint64_t most) {
  if (piece_.empty()) {
    piece_ = source_.next();
    if (piece_.empty()) {
      refuse_short();
    }
  }
  const std::string_view taken =
      piece_.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(most, piece_.size())));
  piece_.remove_prefix(taken.size());
  return taken;
}

void TarReader::exactly(std::size_t size, std::string& out) {
  out.clear();
  while (out.size() < size) {
    out += some(size - out.size());
  }
}

// False for a block of zeros.
bool TarReader::read_block() {
  exactly(kBlock, block_);
  return block_.find_first_not_of('\0') != std::string::npos;
}

TarReader::Raw TarReader::parse_block() const {
  const std::string_view block = block_;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    sum += i >= 148 && i < 156 ? static_cast<unsigned char>(' ') : static_cast<unsigned char>(block[i]);
  }
  const std::string_view magic = block.substr(257, 8);
  const bool is_posix = magic == std::string_view("ustar\00000", 8);
  const bool is_gnu = magic == std::string_view("ustar  \0", 8);
  if (!is_posix && !is_gnu) {
    if (!is_started_) {
      refuse("this is not a tar archive");
    }
    throw Refusal(Code::data_loss, "the archive is damaged: there is something else where a header should be");
  }
  if (number_of(block.substr(148, 8), "checksum") != sum) {
    throw Refusal(Code::data_loss, "the archive is damaged: the checksum of a header is wrong");
  }
  Raw raw{
      .type = block[156],
      .path = std::string(text_of(block.substr(0, 100))),
      .link = std::string(text_of(block.substr(157, 100))),
      .size = number_of(block.substr(124, 12), "size"),
      .mode = number_of(block.substr(100, 8), "mode"),
      // Before 1970 is written in GNU's binary form, as a negative number.
      .mtime = (static_cast<unsigned char>(block[136]) & 0x80U) != 0 ? 0 : number_of(block.substr(136, 12), "time")};
  if (is_posix) {
    if (const std::string_view prefix = text_of(block.substr(345, 155)); !prefix.empty()) {
      raw.path = std::string(prefix) + "/" + raw.path;
    }
  }
  return raw;
}

std::optional<TarReader::Item> TarReader::next() {
  skip_rest();
  Extras extras;
  for (;;) {
    if (!read_block()) {
      if (extras.any()) {
        refuse("a header says something about an entry that does not come");
      }
      expect_end();
      return std::nullopt;
    }
    const Raw raw = parse_block();
    is_started_ = true;
    if (raw.type != 'x' && raw.type != 'g' && raw.type != 'L' && raw.type != 'K') {
      return make_item(raw, extras);
    }
    read_extra(raw, extras);
  }
}

void TarReader::read_extra(const Raw& raw, Extras& extras) {
  if (raw.size == 0 || raw.size > kMaxRecords) {
    throw Refusal(raw.size == 0 ? Code::invalid_argument : Code::resource_exhausted,
                  "an extended header has " + std::to_string(raw.size) + " bytes");
  }
  const auto once = [](bool& flag) {
    if (flag) {
      refuse("an entry has two extended headers of one kind");
    }
    flag = true;
  };
  std::string text;
  exactly(static_cast<std::size_t>(raw.size), text);
  std::string padding;
  exactly((kBlock - text.size() % kBlock) % kBlock, padding);
  if (raw.type == 'x') {
    once(extras.has_pax);
    read_records(text, false, extras);
  } else if (raw.type == 'g') {
    if (extras.any()) {
      refuse("a global header stands between an entry and what is said about it");
    }
    read_records(text, true, extras);
  } else {
    if (text.back() != '\0') {
      refuse("a long name does not end");
    }
    const std::string name(text_of(text));
    once(raw.type == 'L' ? extras.has_gnu_name : extras.has_gnu_link);
    (raw.type == 'L' ? extras.path : extras.link) = name;
  }
  if (extras.has_pax && (extras.has_gnu_name || extras.has_gnu_link)) {
    refuse("an entry is named in two ways");
  }
}

void TarReader::read_records(const std::string& text, bool is_global, Extras& extras) {
  std::set<std::string_view> seen;
  for (std::string_view rest = text; !rest.empty();) {
    std::size_t length = 0;
    const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
    const std::size_t digits = static_cast<std::size_t>(end - rest.data());
    if (problem != std::errc() || rest.front() == '0' || length > rest.size() || length < digits + 4 || *end != ' ' ||
        rest[length - 1] != '\n') {
      refuse("a pax record is malformed");
    }
    const std::string_view record = rest.substr(digits + 1, length - digits - 2);
    rest.remove_prefix(length);
    const std::size_t equals = record.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      refuse("a pax record is malformed");
    }
    const std::string_view key = record.substr(0, equals);
    const std::string_view value = record.substr(equals + 1);
    if (!seen.insert(key).second) {
      refuse("the pax record \"" + shown(key) + "\" is there twice");
    }
    const bool is_foreign = key.starts_with("SCHILY.") || key.starts_with("LIBARCHIVE.");
    if (!is_foreign && record.contains('\0')) {  // extended attributes, which nobody restores, are binary
      refuse("there is a NUL in the pax record \"" + shown(key) + "\"");
    }
    const bool is_remark = is_foreign || key == "comment" || key == "atime" || key == "ctime" || key == "uid" ||
                           key == "gid" || key == "uname" || key == "gname";
    if (is_remark || (is_global && key == "mtime")) {
      continue;
    }
    if (is_global) {
      refuse("a global header sets \"" + shown(key) + "\" for every entry");
    }
    if (key == "path") {
      extras.path = value;
    } else if (key == "linkpath") {
      extras.link = value;
    } else if (key == "size") {
      extras.size = decimal_of(value, "size");
    } else if (key == "mtime") {
      const bool is_negative = value.starts_with('-');
      extras.mtime = is_negative ? 0 : static_cast<std::int64_t>(decimal_of(value.substr(0, value.find('.')), "time"));
    } else if (key == "hdrcharset") {
      if (value != "BINARY" && value != "ISO-IR 10646 2000 UTF-8") {
        refuse("names are in an unknown character set");
      }
    } else if (key == "GNU.sparse.name") {
      extras.sparse_name = value;
    } else if (key == "GNU.sparse.realsize") {
      extras.sparse_size = decimal_of(value, "size");
    } else if (key == "GNU.sparse.major") {
      extras.sparse_major = decimal_of(value, "format");
    } else if (key == "GNU.sparse.minor") {
      extras.sparse_minor = decimal_of(value, "format");
    } else {
      refuse("the pax record \"" + shown(key) + "\" is unknown");
    }
  }
}

TarReader::Item TarReader::make_item(const Raw& raw, const Extras& extras) {
  Item item;
  const bool is_sparse = extras.sparse_name || extras.sparse_size || extras.sparse_major || extras.sparse_minor;
  const std::string path = extras.sparse_name ? *extras.sparse_name : extras.path.value_or(raw.path);
  switch (raw.type) {
    case '0':
    case '\0':
      item.entry.type = Type::file;
      break;
    case '2':
      item.entry.type = Type::link;
      break;
    case '5':
      item.entry.type = Type::folder;
      break;
    default:
      refuse("entry " + shown(path) + " is " + name_of_type(raw.type));
  }
  item.entry.path = clean_path(path, item.entry.type, limits_);
  const std::string named = "entry " + shown(item.entry.path);
  const bool is_file = item.entry.type == Type::file;
  const std::string link = extras.link.value_or(raw.link);
  if (item.entry.type == Type::link) {
    item.entry.link = link;
    check_link(item.entry.path, link);
  } else if (!link.empty()) {
    refuse(named + " is no link and has a target");
  }
  item.entry.mode = static_cast<std::uint32_t>(raw.mode & 07777U);
  if (raw.mode > 0177777 || (is_file && (raw.mode & 07000U) != 0)) {
    refuse(named + " has rights that nobody gets from an archive (set-user-id and the like)");
  }
  item.entry.mode &= 0777U;
  item.mtime = extras.mtime.value_or(static_cast<std::int64_t>(raw.mtime));
  item.stored = extras.size.value_or(raw.size);
  if (item.stored > kMaxSize - kBlock) {
    refuse(named + " has an impossible size");
  }
  if (!is_file && item.stored != 0) {
    refuse(named + " is no file and has data");
  }
  left_ = item.stored;
  padding_ = (kBlock - left_ % kBlock) % kBlock;
  item.entry.size = item.stored;
  if (is_sparse) {
    if (!is_file || extras.sparse_major != 1 || extras.sparse_minor != 0 || !extras.sparse_name ||
        !extras.sparse_size) {
      refuse(named + " is a sparse file in an unknown format");
    }
    item.is_sparse = true;
    item.entry.size = *extras.sparse_size;
    read_sparse_map(item);
  } else {
    item.extents.push_back({.offset = 0, .size = item.stored});
  }
  return item;
}

// Lines of decimal numbers in front of the data, in whole blocks: how many extents, then offset and size of each.
void TarReader::read_sparse_map(Item& item) {
  const auto bad = [&] { refuse("entry " + shown(item.entry.path) + ": the map of its holes is wrong"); };
  std::string block;
  std::size_t position = kBlock;
  const auto read_number = [&] {
    std::string digits;
    for (;;) {
      if (position == kBlock) {
        if (left_ < kBlock) {
          bad();
        }
        exactly(kBlock, block);
        left_ -= kBlock;
        position = 0;
      }
      const char c = block[position++];
      if (c == '\n') {
        return decimal_of(digits, "map");
      }
      if (c < '0' || c > '9' || digits.size() > 20) {
        bad();
      }
      digits += c;
    }
  };
  const std::uint64_t count = read_number();
  if (count > 4 * kMaxExtents) {
    throw Refusal(Code::resource_exhausted, "entry " + shown(item.entry.path) + " has too many holes");
  }
  std::uint64_t end = 0;
  std::uint64_t stored = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Extent extent{.offset = read_number(), .size = read_number()};
    if (extent.offset < end || extent.size > kMaxSize - extent.offset ||
        extent.offset + extent.size > item.entry.size) {
      bad();
    }
    end = extent.offset + extent.size;
    stored += extent.size;
    item.extents.push_back(extent);
  }
  if (stored != left_) {
    bad();
  }
  item.stored = stored;
}

void TarReader::read_data(const Item& item, FunctionRef<void(std::uint64_t, std::string_view)> take) {
  for (const Extent& extent : item.extents) {
    for (std::uint64_t done = 0; done < extent.size;) {
      const std::string_view piece = some(extent.size - done);
      left_ -= piece.size();
      take(extent.offset + done, piece);
      done += piece.size();
    }
  }
}

void TarReader::skip_rest() {
  for (; left_ > 0;) {
    left_ -= some(left_).size();
  }
  for (; padding_ > 0;) {
    padding_ -= some(padding_).size();
  }
}

// A second block of zeros, and zeros up to the end: tar fills up its last record.
void TarReader::expect_end() {
  if (read_block()) {
    throw Refusal(Code::data_loss, "the archive is damaged: something follows its end");
  }
  if (piece_.empty()) {
    piece_ = source_.next();
  }
  while (!piece_.empty()) {
    if (piece_.find_first_not_of('\0') != std::string_view::npos) {
      throw Refusal(Code::invalid_argument, "something follows the archive's end");
    }
    piece_ = source_.next();
  }
}

}  // namespace mcdsl::archive::internal
