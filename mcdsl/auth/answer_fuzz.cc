// Answers of a server that may send anything, whole and in pieces whose sizes come from the input: what is read must be
// the same both times, stay within the limits, and never be more than was given.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mcdsl/auth/internal/answer_parser.h"

namespace {

using mcdsl::auth::internal::AnswerParser;

constexpr AnswerParser::Limits kLimits{.head_bytes = 400, .fields = 10, .body_bytes = 200};

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

struct Outcome {
  std::string error;
  std::string end_error = {};
  std::size_t taken = 0;
  bool is_whole = false;
  bool keeps_connection = false;
  long status = 0;
  std::string body = {};

  bool operator==(const Outcome&) const = default;
};

template <class NextPiece>
Outcome read(std::string_view bytes, NextPiece next_piece) {
  AnswerParser parser(kLimits);
  Outcome outcome;
  while (outcome.taken < bytes.size() && !parser.is_whole()) {
    const auto piece = bytes.substr(outcome.taken, next_piece(outcome.taken));
    const auto taken = parser.feed(piece);
    if (!taken) {
      return {.error = taken.error().to_string()};
    }
    require(*taken <= piece.size() && (*taken == piece.size() || parser.is_whole()));
    outcome.taken += *taken;
  }
  if (const auto ended = parser.end(); !ended) {
    outcome.end_error = ended.error().to_string();
  } else {
    require(parser.is_whole() && parser.status() >= 200 && parser.status() <= 599);
  }
  outcome.is_whole = parser.is_whole();
  outcome.keeps_connection = parser.keeps_connection();
  outcome.status = parser.status();
  outcome.body = parser.take_body().reveal();
  require(outcome.body.size() <= kLimits.body_bytes);
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = read(bytes, [&](std::size_t) { return size; });
  require(whole == read(bytes, [&](std::size_t at) { return std::size_t{1} + data[(at * 7 + 3) % size] % 24; }));
  require(whole == read(bytes, [](std::size_t) { return std::size_t{1}; }));
  return 0;
}
