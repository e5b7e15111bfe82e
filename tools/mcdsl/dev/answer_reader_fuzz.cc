// The first byte says in what pieces the rest comes; the rest is what a service answers a proxy with.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "tools/mcdsl/dev/answer_reader.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::size_t piece = data[0] % 64U + 1U;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t all = rest.size();
  mcdsl::tool::AnswerReader reader(
      [&](std::span<char> into) -> mcdsl::Result<std::size_t> {
        const std::size_t count = std::min({piece, into.size(), rest.size()});
        rest.copy(into.data(), count);
        rest.remove_prefix(count);
        return count;
      },
      data[0] >= 128);
  const auto head = reader.read_head();
  std::size_t body = 0;
  std::array<char, 100> into{};
  while (head) {
    const auto got = reader.read_body(into);
    if (!got || *got == 0) {
      break;
    }
    body += *got;
    if (body > all || (head->length && body > *head->length)) {
      std::abort();  // more than there was, or than it said
    }
  }
  return 0;
}
