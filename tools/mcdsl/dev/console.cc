#include "tools/mcdsl/dev/console.h"

#include <algorithm>
#include <cstddef>

namespace mcdsl::tool {
namespace {

constexpr std::size_t kLongestLine = std::size_t{64} << 10U;
constexpr std::size_t kLabelWidth = 10;

}  // namespace

void Console::say(std::string_view text) {
  out_ << (has_colours_ ? "\x1b[1m==> " : "==> ") << text << (has_colours_ ? "\x1b[0m\n" : "\n") << std::flush;
}

void Console::print(std::string_view text) {
  out_ << text << std::flush;
}

void Console::print_lines(std::string_view label, std::string& text, bool is_last) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos && !is_last && rest.size() < kLongestLine) {
      break;
    }
    const std::string_view line = rest.substr(0, std::min(end, kLongestLine));
    rest.remove_prefix(line.size() + (line.size() == end ? 1 : 0));
    out_ << (has_colours_ ? "\x1b[36m" : "") << label
         << std::string(kLabelWidth - std::min(kLabelWidth, label.size()), ' ') << (has_colours_ ? " | \x1b[0m" : " | ")
         << line << '\n';
  }
  text.erase(0, text.size() - rest.size());
  out_ << std::flush;
}

}  // namespace mcdsl::tool
