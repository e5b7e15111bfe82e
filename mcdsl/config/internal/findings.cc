#include "mcdsl/config/internal/findings.h"

#include <utility>

#include "mcdsl/base/bytes.h"

namespace mcdsl::config::internal {
namespace {

constexpr std::size_t kMaxLineBytes = 2000;

}  // namespace

void Findings::add(std::string_view where, std::string_view key, std::string_view message) {
  if (!has_room()) {
    ++dropped_;
    return;
  }
  std::string line;
  for (const std::string_view part : {where, key}) {
    if (!part.empty()) {
      line.append(part).append(": ");
    }
  }
  lines_.push_back(printable(line.append(message), kMaxLineBytes));
  if (!key.empty()) {
    keys_.emplace(key);
  }
}

std::vector<std::string> Findings::take() && {
  if (dropped_ > 0) {
    lines_.push_back("and " + std::to_string(dropped_) + " more");
  }
  return std::move(lines_);
}

}  // namespace mcdsl::config::internal
