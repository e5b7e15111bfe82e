#include "mcdsl/archivecli/internal/progress.h"

#include <algorithm>

namespace mcdsl::archivecli {

ProgressLine::~ProgressLine() {
  if (has_bar_) {
    out_ << "\r\x1b[K" << std::flush;  // what comes next stands in its place
  }
}

void ProgressLine::show(const archive::Progress& progress) {
  constexpr std::uint64_t kWhole = 100;
  constexpr std::uint64_t kStep = 10;
  constexpr std::size_t kWidth = 30;
  if (progress.total_bytes == 0) {
    return;
  }
  // By doubles: a sparse file of some TiB times 100 is more than 64 bits hold.
  const double share = static_cast<double>(progress.bytes) / static_cast<double>(progress.total_bytes);
  const auto percent = std::min(kWhole, static_cast<std::uint64_t>(share * static_cast<double>(kWhole)));
  if (percent <= shown_ || (!is_terminal_ && percent / kStep == shown_ / kStep)) {
    return;
  }
  shown_ = percent;
  if (!is_terminal_) {
    out_ << what_ << ": " << percent / kStep * kStep << " %, " << progress.entries << " entries\n" << std::flush;
    return;
  }
  const auto filled = static_cast<std::size_t>(percent) * kWidth / kWhole;
  out_ << '\r' << what_ << " [" << std::string(filled, '#') << std::string(kWidth - filled, '.') << "] " << percent
       << " %, " << (progress.bytes >> 20U) << " of " << (progress.total_bytes >> 20U) << " MiB\x1b[K" << std::flush;
  has_bar_ = true;
}

}  // namespace mcdsl::archivecli
