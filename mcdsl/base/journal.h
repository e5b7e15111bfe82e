#pragma once

#include <memory>
#include <string_view>

#include "mcdsl/base/log.h"

namespace mcdsl::log {

/// Whether a descriptor leads to systemd's journal, as `$JOURNAL_STREAM` says: its device and inode as "8:4217"
/// (systemd.exec(5)).
[[nodiscard]] bool is_journal(int fd, std::string_view journal_stream) noexcept;

/// Puts the level before each line as the journal reads it, "<4>…" (sd-daemon(3)), so that `journalctl -p warning`
/// finds what it should; then gives it on. Threads: as every sink.
class JournalSink final : public Sink {
 public:
  explicit JournalSink(std::shared_ptr<Sink> sink) noexcept : sink_(std::move(sink)) {}

  void write(Level level, std::string_view line) noexcept override;
  bool flush(std::chrono::nanoseconds limit) noexcept override { return sink_->flush(limit); }

 private:
  std::shared_ptr<Sink> sink_;
};

}  // namespace mcdsl::log
