// Takes the input as a document: whatever it holds, the HTML has no element and no attribute but those that are meant,
// and no link that runs something.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "markdown.h"
#include "markdown_for_test.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const mcq::Markdown markdown;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string html = markdown.to_html(text, "A title");
  if (!mcq::why_unsafe(html).empty()) {
    std::abort();
  }
  (void)mcq::title_of_markdown(text);
  return 0;
}
