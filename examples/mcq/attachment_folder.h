#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "mcdsl/base/function_ref.h"
#include "mcdsl/base/unique_fd.h"

namespace mcq {

class AttachmentFolder;

/// A file that is being written; gone with this object unless it was kept. Threads: one. Lifetime: the folder outlives
/// it. Errors: throws Exception, `unavailable` where there is no room for it.
class NewFile {
 public:
  NewFile(NewFile&& other) noexcept = default;
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  void write(std::string_view bytes) const;

  /// Returns when the file and its place in the folder are on the disk.
  void sync() const;

  void keep() noexcept { fd_.reset(); }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  friend class AttachmentFolder;
  NewFile(const AttachmentFolder& folder, std::string name, mcdsl::UniqueFd fd) noexcept;

  const AttachmentFolder* folder_;
  std::string name_;
  mcdsl::UniqueFd fd_;
};

/// A folder of files under random names: what a client calls them never becomes a path. The folder is ours alone
/// (0700, files 0600), and locked, so that nobody sweeps what another process is writing.
/// Threads: const methods are safe from any thread. Errors: throws Exception, `unavailable` where the disk is full.
class AttachmentFolder {
 public:
  /// Makes the folder where it is not there. Throws Exception (failed_precondition) while another process has it.
  explicit AttachmentFolder(std::filesystem::path path);

  [[nodiscard]] NewFile create() const;

  /// For reading; no descriptor where there is no such file.
  [[nodiscard]] mcdsl::UniqueFd open(const std::string& name) const;

  /// A file that is not there is as good as removed.
  void remove(const std::string& name) const;

  /// Calls `take` with the name of each file that this class may have made; others are none of ours.
  void for_each(mcdsl::FunctionRef<void(const std::string&)> take) const;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  friend class NewFile;

  std::filesystem::path path_;
  mcdsl::UniqueFd fd_;
};

}  // namespace mcq
