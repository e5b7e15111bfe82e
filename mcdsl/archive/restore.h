#pragma once

#include <cstdint>
#include <filesystem>

#include "mcdsl/archive/archive.h"

namespace mcdsl::archive {

struct RestoreOptions {
  bool discard_old = false;        ///< the folder that was there goes when all is done
  bool links = false;              ///< symbolic links that stay inside are made; otherwise the archive is refused
  std::uint32_t mode_mask = 0022;  ///< rights that no entry gets; those of set-user-id and their like never are
  Limits limits = {};
  OnProgress on_progress = {};
};

struct Restored {
  Report report;
  std::filesystem::path old_folder;  ///< where the folder that was there is now; empty: none, or discarded
};

/// Puts an archive's folder at `target`: unpacked beside it, held to the manifest as `verify` does, synced, and then
/// exchanged with what is there in one step (renameat2(2)), so that whoever looks, and whatever is killed, finds the
/// old folder or the new one, whole. The old one stays beside it as "notes.before-20260131T120000Z", but for its
/// `backups/`, which moves to the new one. What a killed restore left goes with the next one.
///
/// An archive without a manifest restores with a warning; write-ahead logs in it are brought home into their databases.
/// Owners, extended attributes and times of folders are not restored.
/// Errors: as archive.h has them, with nothing left behind; failed_precondition, naming the process, while the folder's
/// `FolderLock` is held or one of its databases is open, and where the file system cannot exchange folders.
[[nodiscard]] Result<Restored> restore(const std::filesystem::path& archive, const std::filesystem::path& target,
                                       const RestoreOptions& options = {}, const Dependencies& dependencies = {});

}  // namespace mcdsl::archive
