// Takes the input as source text in every language, the first byte choosing one: what comes out must be the text once
// tags and escapes are taken away, in tags that are ours, and closed.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "highlight.h"

namespace {

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

// The text that a browser would show.
std::string shown(std::string_view html) {
  constexpr std::string_view kOpen = "<span class=\"h-";
  constexpr std::string_view kClose = "</span>";
  constexpr std::array<std::pair<std::string_view, char>, 5> kEscapes{
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}}};
  std::string text;
  bool is_open = false;
  while (!html.empty()) {
    if (html.starts_with(kOpen)) {
      require(!is_open && html.size() > kOpen.size() + 2);
      require(std::string_view("kscnt").contains(html[kOpen.size()]));
      require(html.substr(kOpen.size() + 1).starts_with("\">"));
      html.remove_prefix(kOpen.size() + 3);
      is_open = true;
    } else if (html.starts_with(kClose)) {
      require(is_open);
      html.remove_prefix(kClose.size());
      is_open = false;
    } else if (html.front() == '&') {
      bool known = false;
      for (const auto& [name, c] : kEscapes) {
        if (html.starts_with(name)) {
          text += c;
          html.remove_prefix(name.size());
          known = true;
          break;
        }
      }
      require(known);
    } else {
      require(!std::string_view("<>\"'").contains(html.front()));
      text += html.front();
      html.remove_prefix(1);
    }
  }
  require(!is_open);
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<std::string_view, 7> kLanguages{"cpp", "go", "json", "python", "sh", "sql", "none"};
  if (size == 0) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  require(shown(mcq::highlight(text, kLanguages[data[0] % kLanguages.size()])) == text);
  return 0;
}
