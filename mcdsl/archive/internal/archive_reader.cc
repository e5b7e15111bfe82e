#include "mcdsl/archive/internal/archive_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mcdsl/archive/internal/manifest.h"
#include "mcdsl/crypto/digest.h"

namespace mcdsl::archive::internal {
namespace {

constexpr std::size_t kMaxSideFiles = 10'000;

void hash_zeros(crypto::Sha256Stream& sha256, std::uint64_t count) {
  static constexpr std::array<char, 65536> kZeros{};
  while (count > 0) {
    const std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(count, kZeros.size()));
    sha256.update(std::string_view(kZeros.data(), part));
    count -= part;
  }
}

[[noreturn]] void refuse_difference(const std::string& path) {
  throw Refusal(Code::data_loss, "entry " + shown(path) + " is not what the manifest says");
}

}  // namespace

std::string_view database_of_side_file(std::string_view path) {
  for (const std::string_view suffix : {"-wal", "-shm", "-journal"}) {
    if (path.ends_with(suffix)) {
      return path.substr(0, path.size() - suffix.size());
    }
  }
  return {};
}

ArchiveReader::ArchiveReader(ByteSource& source, const Limits& limits, const std::filesystem::path& scratch)
    : tar_(source, limits),
      limits_(limits),
      scratch_(scratch),
      seen_(limits.case_twins),
      folders_(limits.case_twins),
      found_(scratch) {}

void ArchiveReader::read(Visitor& visitor, bool links, const std::function<void(std::uint64_t)>& on_entry) {
  while (auto item = tar_.next()) {
    const Entry& entry = item->entry;
    if (manifest_) {
      throw Refusal(Code::invalid_argument, "entry " + shown(entry.path) + " comes after the manifest");
    }
    if (entry.path == kManifestName) {
      read_manifest(*item);
      continue;
    }
    if (entry.path.empty()) {  // the folder itself: tar begins with it, we do not
      if (std::exchange(has_root_, true)) {
        throw Refusal(Code::invalid_argument, "entry ./ is there twice");
      }
      continue;
    }
    count(*item);
    switch (entry.type) {
      case Type::file:
        read_file(*item, visitor);
        break;
      case Type::folder:
        visitor.folder(*item);
        break;
      case Type::link:
        if (!links) {
          throw Refusal(Code::invalid_argument, "entry " + shown(entry.path) + " is a symbolic link");
        }
        visitor.link(*item);
        break;
    }
    found_.append(entry_line(entry) + "\n");
    on_entry(entries_);
  }
}

void ArchiveReader::count(const TarReader::Item& item) {
  const std::string& path = item.entry.path;
  if (++entries_ > limits_.max_entries) {
    throw Refusal(Code::resource_exhausted, "entry " + shown(path) + ": the archive has more than " +
                                                std::to_string(limits_.max_entries) + " entries");
  }
  bytes_ += item.entry.size;
  if (item.entry.size > limits_.max_bytes || bytes_ > limits_.max_bytes) {
    throw Refusal(Code::resource_exhausted, "entry " + shown(path) + ": the archive holds more than " +
                                                std::to_string(limits_.max_bytes) + " bytes");
  }
  if (!seen_.insert(path)) {
    throw Refusal(Code::invalid_argument, "entry " + shown(path) + " is there twice, or differs from another one " +
                                              "in upper and lower case only");
  }
  place(item.entry);
  if (!database_of_side_file(path).empty() && item.entry.type == Type::file) {
    if (side_files_.size() == kMaxSideFiles) {
      throw Refusal(Code::resource_exhausted, "entry " + shown(path) + ": too many logs of databases");
    }
    side_files_.push_back(path);
  }
}

// A folder is one from its first mention on, and nothing else ever has something below it.
void ArchiveReader::place(const Entry& entry) {
  const std::string& path = entry.path;
  const std::string_view parent = std::string_view(path).substr(0, std::min(path.rfind('/'), path.size()));
  if (parent.size() < path.size() && parent != parent_) {
    for (std::size_t end = parent.find('/');; end = parent.find('/', end + 1)) {
      const std::string_view folder = parent.substr(0, end);
      if (folders_.insert(folder) && seen_.contains(folder)) {
        throw Refusal(Code::invalid_argument, "entry " + shown(path) + " is below something that is no folder");
      }
      if (end == std::string_view::npos) {
        break;
      }
    }
    parent_ = parent;
  }
  if (entry.type == Type::folder) {
    folders_.insert(path);
  } else if (folders_.contains(path)) {
    throw Refusal(Code::invalid_argument, "entry " + shown(path) + " was a folder before");
  }
}

void ArchiveReader::read_file(TarReader::Item& item, Visitor& visitor) {
  visitor.begin_file(item);
  crypto::Sha256Stream sha256;
  std::uint64_t hashed = 0;
  std::string head;  // where the first piece is smaller than what tells a database
  const auto give = [&](std::uint64_t offset, std::string_view bytes) {
    hash_zeros(sha256, offset - hashed);
    sha256.update(bytes);
    hashed = offset + bytes.size();
    visitor.piece(offset, bytes);
  };
  tar_.read_data(item, [&](std::uint64_t offset, std::string_view bytes) {
    if (head.size() == offset && offset + bytes.size() < kDatabaseMagic.size()) {
      head += bytes;
    } else if (!head.empty() && head.size() == offset) {
      head += bytes;
      give(0, head);
      head.clear();
    } else {
      if (!head.empty()) {
        give(0, std::exchange(head, {}));
      }
      give(offset, bytes);
    }
  });
  if (!head.empty()) {
    give(0, head);
  }
  hash_zeros(sha256, item.entry.size - hashed);
  item.entry.sha256 = crypto::to_hex(sha256.finish());
  visitor.end_file(item);
}

void ArchiveReader::read_manifest(const TarReader::Item& item) {
  // As much as the entries can take, and a database or two with very many tables.
  const std::uint64_t limit = 2 * found_.size() + 16 * kMaxLine;
  if (item.entry.type != Type::file || item.is_sparse || item.entry.size > limit) {
    throw Refusal(Code::invalid_argument, "entry " + shown(item.entry.path) + " cannot be a manifest");
  }
  manifest_.emplace(scratch_);
  tar_.read_data(item, [&](std::uint64_t /*offset*/, std::string_view bytes) { manifest_->append(bytes); });
}

Manifest ArchiveReader::hold_to_manifest(const LookInto& look_into, const std::function<void(Entry)>& take) {
  found_.rewind();
  manifest_->rewind();
  std::string line;
  if (!manifest_->next_line(line, kMaxLine)) {
    throw Refusal(Code::data_loss, "the manifest is empty");
  }
  Manifest manifest = parse_head(line);
  std::vector<std::string> databases;
  for (std::string found; found_.next_line(found, kMaxLine);) {
    // Both begin with what was found; a database has more to say.
    const std::string plain = found + "}";
    if (!manifest_->next_line(line, kMaxLine)) {
      refuse_difference(parse_entry(plain).path);
    }
    if (line != plain) {
      const std::string path = parse_entry(plain).path;
      if (!line.starts_with(found + ",\"database\":")) {
        refuse_difference(path);
      }
      databases.push_back(path);
      if (const auto contents = look_into(path); contents && line != found + database_part(*contents) + "}") {
        throw Refusal(Code::data_loss, "entry " + shown(path) + ": the database holds " + database_part(*contents) +
                                           ", the manifest says " + line.substr(found.size()));
      }
    }
    if (take) {
      take(parse_entry(line));
    }
  }
  const std::string tail = tail_line(entries_, bytes_) + ",\"problems\":";
  if (!manifest_->next_line(line, kMaxLine) || !line.starts_with(tail)) {
    throw Refusal(Code::data_loss, "the manifest has other entries than the archive");
  }
  manifest.problems = parse_problems(line);
  if (manifest_->next_line(line, kMaxLine)) {
    throw Refusal(Code::data_loss, "the manifest has more than its end");
  }
  refuse_side_files(databases);
  return manifest;
}

// SQLite would apply a log to a database that it does not belong to. None is ever made together with a manifest.
void ArchiveReader::refuse_side_files(const std::vector<std::string>& databases) const {
  for (const std::string& path : side_files_) {
    if (std::ranges::find(databases, database_of_side_file(path)) != databases.end()) {
      throw Refusal(Code::invalid_argument, "entry " + shown(path) + " would change the database beside it");
    }
  }
}

void ArchiveReader::give_entries(const std::function<void(Entry)>& take) {
  found_.rewind();
  for (std::string line; found_.next_line(line, kMaxLine);) {
    take(parse_entry(line + "}"));
  }
}

}  // namespace mcdsl::archive::internal
