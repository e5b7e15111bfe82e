#include "mcdsl/base/journal.h"

#include <array>
#include <new>
#include <string>

#include <sys/stat.h>

namespace mcdsl::log {
namespace {

// The severities of syslog (RFC 5424 §6.2.1) for debug, info, warn and error.
constexpr std::array<std::string_view, 4> kPrefixes{"<7>", "<6>", "<4>", "<3>"};

}  // namespace

bool is_journal(int fd, std::string_view journal_stream) noexcept {
  struct stat status{};
  if (journal_stream.empty() || ::fstat(fd, &status) != 0) {
    return false;
  }
  try {
    return journal_stream == std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void JournalSink::write(Level level, std::string_view line) noexcept {
  try {
    thread_local std::string marked;  // keeps its capacity from line to line
    marked.assign(kPrefixes[static_cast<std::size_t>(level) & 3U]).append(line);
    sink_->write(level, marked);
  } catch (const std::bad_alloc&) {
    sink_->write(level, line);  // without its level rather than not at all
  }
}

}  // namespace mcdsl::log
