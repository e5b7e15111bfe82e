// Takes the input as a template. One that is not refused is rendered with harmless and with hostile values, and a
// second reader of HTML must see the same elements and attributes in both.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mcdsl/base/error.h"
#include "mcdsl/web/internal/html_tokens_for_test.h"
#include "mcdsl/web/templates.h"

namespace {

using mcdsl::web::Data;
using mcdsl::web::TemplateFile;
using mcdsl::web::Templates;

// Names that a fuzzer finds: one letter each.
Data filled_with(std::string_view value) {
  Data data;
  data.set("v", value);
  data.set("w", value);
  data.set("t", true);
  data.set("f", false);
  data.set("n", 7);
  Data list = Data::list();
  list.push_back(value);
  list.push_back(value);
  data.set("l", list);
  Data object = Data::object();
  object.set("v", value);
  data.set("o", object);
  return data;
}

constexpr std::array<std::string_view, 8> kHostile{"\"'><script>alert(1)</script><!--",
                                                   "' onerror=alert(1) x='",
                                                   "\" onerror=alert(1) x=\"",
                                                   "/script><b a=b>",
                                                   "</title></textarea></script></style><b>",
                                                   "--><b>",
                                                   "-->",
                                                   "!--"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::array<TemplateFile, 2> files{
      {{.name = "t", .text = std::string_view(reinterpret_cast<const char*>(data), size)},
       {.name = "p", .text = "<p title=\"{{v}}\">{{block b}}{{v}}{{end}}</p>"}}};
  try {
    const Templates templates{mcdsl::web::TemplateSource(files)};
    const auto harmless = templates.render("t", filled_with("x"));
    if (!harmless) {
      return 0;
    }
    const std::string structure = mcdsl::web::internal::structure_of(*harmless);
    for (const std::string_view value : kHostile) {
      const auto hostile = templates.render("t", filled_with(value));
      if (!hostile || mcdsl::web::internal::structure_of(*hostile) != structure) {
        std::fprintf(stderr, "%s\n--- with %.*s\n%s\n", harmless->c_str(), static_cast<int>(value.size()), value.data(),
                     hostile ? hostile->c_str() : hostile.error().message().c_str());
        std::abort();
      }
    }
  } catch (const mcdsl::Exception& refused) {
    if (refused.error().code() != mcdsl::Code::failed_precondition) {
      std::abort();
    }
  }
  return 0;
}
