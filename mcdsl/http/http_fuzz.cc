// Takes the input as the target of a request and compares what the tree of routes finds with a plain search through the
// list of patterns; then sends the bytes through percent-encoding and back.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/bytes.h"
#include "mcdsl/http/router.h"

namespace {

using mcdsl::http::Method;
using mcdsl::http::Request;
using mcdsl::http::Router;

constexpr std::array<std::string_view, 12> kPatterns{
    "/", "/a", "/a/", "/a/b", "/a/{x}", "/a/{x}/c", "/{y}/b", "/{x}/{y}/{z}", "/a/*", "/s/{x}/*", "/{x}/b/c", "/*"};

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

// How a pattern fits a path, as one character a segment, the better the smaller: 0 text, 1 parameter, 2 wildcard.
// nullopt where it does not.
std::optional<std::string> rank(std::string_view pattern, const std::vector<std::string_view>& path) {
  const auto segments = split(pattern);
  std::string found;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (i == path.size()) {
      return std::nullopt;
    }
    if (segments[i] == "*") {
      return found + '2';
    }
    const bool parameter = segments[i].starts_with('{');
    if (parameter ? path[i].empty() : segments[i] != path[i]) {
      return std::nullopt;
    }
    found += parameter ? '1' : '0';
  }
  return segments.size() == path.size() ? std::optional(found) : std::nullopt;
}

std::string_view best_pattern(std::string_view path) {
  std::optional<std::string> best;
  std::string_view winner;
  for (const std::string_view pattern : kPatterns) {
    auto candidate = rank(pattern, split(path));
    if (candidate && (!best || *candidate < *best)) {
      best = std::move(candidate);
      winner = pattern;
    }
  }
  return winner;
}

const Router& router() {
  static const Router instance = [] {
    Router made;
    for (const std::string_view pattern : kPatterns) {
      made.get(pattern, [] { return mcdsl::http::no_content(); });
    }
    return made;
  }();
  return instance;
}

void check_match(std::string_view target) {
  Request request;
  request.start(Method::get, target);
  (void)router().plan(request);
  if (request.handler() == nullptr) {
    require(router().serve(request).status == 400);  // "/*" takes every path that is well-formed
    return;
  }
  require(request.route() == best_pattern(request.path()));
  for (const std::string_view name : {"x", "y", "z", "*"}) {
    const bool has =
        request.route().contains("{" + std::string(name) + "}") || (name == "*" && request.route().ends_with('*'));
    if (has) {
      const std::string& value = request.param(name);
      require(mcdsl::is_valid_utf8(value) && !value.contains('\0') && !("/" + value + "/").contains("/../"));
    }
  }
  require(router().serve(request).status == 204);
}

void check_codec(std::string_view text) {
  const auto decoded = mcdsl::http::percent_decode(mcdsl::http::percent_encode(text));
  const bool is_text = mcdsl::is_valid_utf8(text) && !text.contains('\0');
  require(is_text ? decoded == text : !decoded);
  if (const auto direct = mcdsl::http::percent_decode(text, true)) {
    require(mcdsl::is_valid_utf8(*direct) && direct->size() <= text.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_match(text);
  check_match("/" + std::string(text));
  check_codec(text);
  return 0;
}
