// Takes the input as the value of each field that a client negotiates with, and holds what is made of it to what must
// be true whatever stands there.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mcdsl/http/conditional.h"
#include "mcdsl/http/content_coding.h"
#include "mcdsl/http/date.h"
#include "mcdsl/http/entity_tag.h"
#include "mcdsl/http/ranges.h"

namespace {

using namespace std::chrono;
using mcdsl::http::Method;
using mcdsl::http::RangeChoice;
using mcdsl::http::Request;
using mcdsl::http::Response;

constexpr sys_seconds kNow = sys_days(2026y / January / 1);

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

void check_date(std::string_view text) {
  if (const auto time = mcdsl::http::parse_date(text, kNow)) {
    require(mcdsl::http::parse_date(mcdsl::http::format_date(*time), kNow) == time);
  }
}

void check_tag(std::string_view text) {
  if (const auto tag = mcdsl::http::parse_entity_tag(text)) {
    require((tag->weak ? "W/\"" : "\"") + std::string(tag->opaque) + '"' == text);
    require(mcdsl::http::weakly_equal(*tag, *tag) && mcdsl::http::strongly_equal(*tag, *tag) == !tag->weak);
  }
}

void check_range(std::string_view text) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, ~std::uint64_t{0}}) {
    const RangeChoice choice = mcdsl::http::choose_range(text, size);
    if (choice.kind == RangeChoice::Kind::part) {
      require(choice.length > 0 && choice.offset < size && choice.length <= size - choice.offset);
      require(std::ranges::count(text, '-') == 1 && !text.contains(','));
    }
  }
}

// Every precondition at once and each alone, against a file of ten bytes.
void check_answer(Method method, std::string_view name, std::string_view value) {
  Request request;
  request.start(method, "/");
  if (!request.mutable_headers().try_add(name, value)) {
    return;
  }
  request.mutable_headers().add("range", "bytes=2-4");
  Response whole = mcdsl::http::text("0123456789")
                       .with_header("etag", "\"a\"")
                       .with_header("last-modified", "Sun, 01 Jun 2025 00:00:00 GMT");
  const Response response =
      mcdsl::http::with_range(request, mcdsl::http::with_preconditions(request, std::move(whole)));
  switch (response.status) {
    case 200:
      require(response.body == "0123456789");
      return;
    case 206:
      require(method == Method::get && (name == "range" || response.body == "234"));
      return;
    case 304:
      require(response.body.empty() && name.starts_with("if-"));
      return;
    default:
      require(response.status == 412 || (response.status == 416 && name == "range"));
  }
}

void check_codings(std::string_view text) {
  mcdsl::http::Headers headers;
  if (!headers.try_add("accept-encoding", text)) {
    return;
  }
  const auto list = mcdsl::http::accepted_codings(headers);
  require(list.count <= 2 && (list.count < 2 || list.items[0] != list.items[1]));
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  for (const auto coding : list) {
    require(lower.contains(name(coding)) || lower.contains('*'));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_date(text);
  check_tag(text);
  check_range(text);
  check_codings(text);
  for (const std::string_view name :
       {"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"}) {
    check_answer(Method::get, name, text);
    check_answer(Method::head, name, text);
  }
  return 0;
}
