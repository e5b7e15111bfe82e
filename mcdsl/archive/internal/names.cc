#include "mcdsl/archive/internal/names.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "mcdsl/archive/internal/system.h"
#include "mcdsl/base/error.h"
#include "mcdsl/crypto/digest.h"

namespace mcdsl::archive::internal {
namespace {

constexpr std::size_t kMaxName = 255;  // bytes, of every file system of Linux

[[noreturn]] void refuse(std::string_view path, const std::string& why) {
  throw Refusal(Code::invalid_argument, "entry " + shown(path) + ": " + why);
}

std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31U);
}

}  // namespace

std::string clean_path(std::string_view path, Type type, const Limits& limits) {
  const std::string_view all = path;
  if (path.empty()) {
    refuse(all, "the name is empty");
  }
  if (path.size() > limits.max_path) {
    refuse(all, "the path has more than " + std::to_string(limits.max_path) + " bytes");
  }
  if (path.contains('\0')) {
    refuse(all, "there is a NUL in the name");
  }
  if (path.front() == '/') {
    refuse(all, "the path is absolute");
  }
  if (type == Type::folder && path.ends_with('/')) {
    path.remove_suffix(1);
  }
  while (path.starts_with("./")) {
    path.remove_prefix(2);
  }
  if (path == "." || path.empty()) {
    if (type != Type::folder) {
      refuse(all, "only a folder may have this name");
    }
    return {};
  }
  std::size_t depth = 0;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view name = path.substr(start, end - start);
    if (name.empty() || name == "." || name == "..") {
      refuse(all, name.empty() ? "there is an empty name in the path" : "\"" + std::string(name) + "\" is in the path");
    }
    if (name.size() > kMaxName) {
      refuse(all, "a name has more than 255 bytes");
    }
    start = end + 1;
    ++depth;
  }
  if (depth > limits.max_depth) {
    refuse(all, "the path is more than " + std::to_string(limits.max_depth) + " names deep");
  }
  return std::string(path);
}

void check_link(std::string_view path, std::string_view link) {
  if (link.empty() || link.front() == '/' || link.contains('\0') || link.size() > 4095) {
    refuse(path, "the link leads outside");
  }
  auto depth = std::ranges::count(path, '/');
  bool is_in_front = true;
  for (std::size_t start = 0; start <= link.size();) {
    const std::size_t end = std::min(link.find('/', start), link.size());
    const std::string_view name = link.substr(start, end - start);
    if (name == "..") {
      if (!is_in_front || --depth < 0) {
        refuse(path, "the link leads outside, or might");
      }
    } else if (!name.empty() && name != ".") {
      is_in_front = false;
    }
    start = end + 1;
  }
}

SeenPaths::SeenPaths(bool case_twins) : case_twins_(case_twins), slots_(1024) {
  const std::string bytes = crypto::random_bytes(sizeof(key_));
  std::memcpy(&key_, bytes.data(), sizeof(key_));
}

std::uint64_t SeenPaths::digest_of(std::string_view path) const {
  std::uint64_t digest = key_;
  for (const char c : path) {
    const bool is_upper = !case_twins_ && c >= 'A' && c <= 'Z';
    digest = mix(digest + static_cast<unsigned char>(is_upper ? c - 'A' + 'a' : c) + key_);
  }
  digest = mix(digest ^ path.size());
  return digest == 0 ? 1 : digest;  // 0 stands for an empty slot
}

bool SeenPaths::insert(std::string_view path) {
  if (used_ * 2 >= slots_.size()) {
    const std::vector<std::uint64_t> before = std::exchange(slots_, std::vector<std::uint64_t>(slots_.size() * 2));
    used_ = 0;
    for (const std::uint64_t one : before) {
      if (one != 0) {
        (void)put(one);
      }
    }
  }
  return put(digest_of(path));
}

bool SeenPaths::contains(std::string_view path) const {
  const std::uint64_t digest = digest_of(path);
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = digest & mask;
  while (slots_[i] != 0 && slots_[i] != digest) {
    i = (i + 1) & mask;
  }
  return slots_[i] == digest;
}

bool SeenPaths::put(std::uint64_t digest) {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = digest & mask;; i = (i + 1) & mask) {
    if (slots_[i] == digest) {
      return false;
    }
    if (slots_[i] == 0) {
      slots_[i] = digest;
      ++used_;
      return true;
    }
  }
}

}  // namespace mcdsl::archive::internal
