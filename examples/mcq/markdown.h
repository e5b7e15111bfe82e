#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace mcq {

/// Markdown as GitHub writes it (tables, strike-through, autolinks, task lists), as HTML that is safe in a page: made
/// of escaped text and of tags that stand in the code here or in cmark-gfm, whose unsafe parts are off.
///
/// - HTML in the text is left out.
/// - Links lead to http, https, mailto, or within the site; of any other, and of images, whose loading would tell
/// others
///   who reads, the text stays; an image is a link to where it lies.
/// - Headings go one level down, below the title of the page.
/// - Code is highlighted, see highlight().
///
/// Threads: const methods are safe from any thread; parsing is one at a time, since cmark-gfm keeps what its extensions
/// look for in one table.
class Markdown {
 public:
  /// What is longer is shown as it was written: some parts of cmark-gfm take time by the square.
  static constexpr std::size_t kMaxBytes = std::size_t{256} << 10U;

  Markdown();

  /// A heading in front that only repeats the title is left out.
  [[nodiscard]] std::string to_html(std::string_view text, std::string_view title) const;

 private:
  mutable std::mutex parsing_;
};

/// The text of the first heading; empty where the text does not begin with one. For a document that is pushed without a
/// title. Looks at the beginning only.
[[nodiscard]] std::string title_of_markdown(std::string_view text);

}  // namespace mcq
