#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "mcdsl/archive/archive.h"
#include "mcdsl/base/unique_fd.h"

namespace mcdsl::archive::internal {

/// To whom everything belongs; nobody else than us where it is not set.
struct Ownership {
  std::optional<uid_t> uid = {};
  std::optional<gid_t> gid = {};
};

/// Builds entries below a folder that nobody else sees yet. Every name is made, never opened: what is there already,
/// whatever it is and however it got there, ends the call, and no step goes through a symbolic link.
class Staging {
 public:
  Staging(std::filesystem::path root, std::uint32_t mode_mask, Ownership owner = {});

  void folder(const Entry& entry);
  /// Made by `make_links`, when nothing else will be written.
  void link(const Entry& entry);
  void begin_file(const Entry& entry, std::uint64_t stored);
  void piece(std::uint64_t offset, std::string_view bytes);
  void end_file(const Entry& entry, std::int64_t mtime);
  void make_links();

  [[nodiscard]] const std::filesystem::path& root() const noexcept { return root_; }

 private:
  [[nodiscard]] int parent_of(const std::string& path);
  void give_away(int parent, const std::string& name) const;
  [[noreturn]] static void fail_entry(const Entry& entry, int errno_value);

  std::filesystem::path root_;
  std::uint32_t mode_mask_;
  Ownership owner_;
  UniqueFd root_fd_;
  std::string parent_;  // the folder that parent_fd_ is, once there is one
  UniqueFd parent_fd_;
  UniqueFd file_;
  std::uint64_t written_ = 0;  // where the next byte would go
  std::vector<Entry> links_;
};

}  // namespace mcdsl::archive::internal
