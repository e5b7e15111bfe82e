// The first line of the input is a template, all else a path. A template reads back from its text as itself; what it
// takes out of a path is never longer than the path, and whoever matches is at least as specific as the template of all
// paths.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mcdsl/grpcserver/internal/path_template.h"
#include "mcdsl/http/request.h"

namespace {

using mcdsl::grpcserver::PathTemplate;

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(input.find('\n'), size);
  const std::string_view path = input.substr(std::min(line + 1, size));
  const auto parsed = PathTemplate::parse(input.substr(0, line));
  if (!parsed) {
    return 0;
  }
  const auto again = PathTemplate::parse(parsed->to_string());
  require(again.has_value() && again->to_string() == parsed->to_string());
  require(PathTemplate::by_specificity(*again, *parsed) == 0 && again->field_paths() == parsed->field_paths());

  const auto values = parsed->match(path);
  require(again->match(path) == values);
  if (values) {
    require(path.starts_with('/') && values->size() == parsed->field_paths().size());
    for (const auto& [field, value] : *values) {
      require(value.size() < path.size());
    }
  }

  const auto everything = PathTemplate::parse("/{all=**}");
  require(everything.has_value() &&
          (!values || everything->match(path).has_value() || !mcdsl::http::percent_decode(path)));
  require(PathTemplate::by_specificity(*parsed, *everything) <= 0);
  return 0;
}
