#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "mcdsl/archive/archive.h"
#include "mcdsl/archive/internal/archive_reader.h"
#include "mcdsl/archive/internal/staging.h"

namespace mcdsl::archive::internal {

/// How an archive is read from its first byte to its last.
struct Reading {
  const std::filesystem::path& archive;
  const std::filesystem::path& scratch;  ///< a folder of ours
  const Limits& limits;
  bool links = false;
  const OnProgress& on_progress;
};

/// Reads all of it, unpacking on a thread of its own, and holds it to its manifest and trailer. `finish` is called when
/// the visitor has seen everything and before the manifest is looked at, for which `look_into` is asked. `take` gets
/// the entries in the end. Throws Refusal.
Report read_archive(const Reading& reading, Visitor& visitor, const std::function<void()>& finish,
                    const ArchiveReader::LookInto& look_into, const std::function<void(Entry)>& take = {});

/// Puts everything below `root`, with `everything`, or only databases and what SQLite keeps beside them, and checks the
/// databases there. Throws Refusal.
Report unpack(const Reading& reading, const std::filesystem::path& root, bool everything, std::uint32_t mode_mask,
              Ownership owner = {});

}  // namespace mcdsl::archive::internal
