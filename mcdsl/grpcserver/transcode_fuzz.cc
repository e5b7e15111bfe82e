// Reads the input as a JSON document, as a query, and as a path and a text: whatever is taken must be a message that
// serialises, and its JSON must be read again.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mcdsl/base/bytes.h"
#include "mcdsl/grpcserver/internal/everything_for_test.pb.h"
#include "mcdsl/grpcserver/internal/transcode.h"

namespace {

using namespace mcdsl::grpcserver;
using mcdsl::grpcserver::test::Everything;

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

// What a message holds comes back from the wire. Its JSON may be refused only for what the mapping cannot say.
void check(const Everything& message) {
  Everything back;
  require(back.ParseFromString(message.SerializeAsString()));
  for (const bool with_defaults : {true, false}) {
    if (const auto json = write_json(message, with_defaults)) {
      require(mcdsl::is_valid_utf8(*json));
      require(read_json(back, *json, 1000).has_value());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  Everything document;
  if (read_json(document, input)) {
    check(document);
  }
  Everything query;
  if (apply_query(query, input)) {
    check(query);
  }
  const std::size_t line = std::min(input.find('\n'), size);
  Everything field;
  if (set_field(field, input.substr(0, line), input.substr(std::min(line + 1, size)))) {
    check(field);
  }
  return 0;
}
