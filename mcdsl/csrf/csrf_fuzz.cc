// Takes the input as a token, as the text of a key file and as the URL of an origin: nothing that was not issued is
// accepted, and what is read is written back as it was.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "mcdsl/base/bytes.h"
#include "mcdsl/csrf/guard.h"
#include "mcdsl/csrf/internal/key_text.h"
#include "mcdsl/csrf/origin.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace {

using namespace mcdsl;

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

struct Fixture {
  testing::TempDir dir;
  testing::ManualClock clock;
  csrf::KeyFile keys{dir / "web.keys", clock};
  csrf::Guard guard{keys, {.max_age = std::chrono::hours(1), .clock = clock}};
};

const Fixture& fixture() {
  static const Fixture instance;
  return instance;
}

// One byte of a good token exchanged for another: refused, unless it is the same.
void check_token(std::string_view text) {
  const csrf::Guard& guard = fixture().guard;
  require(!guard.check("alice", text));
  std::string token = guard.issue("alice");
  const std::string good = token;
  if (text.size() >= 2) {
    token[static_cast<unsigned char>(text[0]) % token.size()] = text[1];
  }
  require(guard.check("alice", token).has_value() == (token == good));
}

void check_key_file(std::string_view text) {
  using namespace csrf::internal;
  if (const auto keys = parse_keys(text)) {
    const auto again = parse_keys(format_keys(*keys).reveal());
    require(again && again->current.matches(keys->current.reveal()));
    require(again->previous.has_value() == keys->previous.has_value());
  }
}

void check_origin(std::string_view text) {
  if (const auto origin = csrf::Origin::parse(text)) {
    const auto again = csrf::Origin::parse(origin->text());
    require(again && *again == *origin);
    require(!origin->host().empty() && origin->text().contains(origin->host()));
    require(csrf::check_source(*origin, {.origin = origin->text()}).has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_token(text);
  check_key_file(text);
  check_origin(text);
  return 0;
}
