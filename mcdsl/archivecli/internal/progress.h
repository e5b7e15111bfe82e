#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "mcdsl/archive/archive.h"

namespace mcdsl::archivecli {

/// Shows how far a call has come: a bar that is drawn over itself on a terminal, otherwise a line for each tenth.
class ProgressLine {
 public:
  ProgressLine(std::ostream& out, bool is_terminal, std::string what)
      : out_(out), is_terminal_(is_terminal), what_(std::move(what)) {}
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const archive::Progress& progress);

  /// For the calls of the package archive. Lifetime: ours.
  [[nodiscard]] archive::OnProgress callback() {
    return [this](const archive::Progress& progress) { show(progress); };
  }

 private:
  std::ostream& out_;
  const bool is_terminal_;
  const std::string what_;
  std::uint64_t shown_ = 0;  // per cent
  bool has_bar_ = false;
};

}  // namespace mcdsl::archivecli
