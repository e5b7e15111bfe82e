#include "mcdsl/http/content_coding.h"

#include <algorithm>
#include <optional>

namespace mcdsl::http {
namespace {

// qvalue (RFC 9110 §12.4.2) in thousandths: "0" or "1" and up to three digits behind a dot, none above 1.
std::optional<int> parse_weight(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1') || (text.size() > 1 && text[1] != '.')) {
    return std::nullopt;
  }
  int thousandths = (text[0] - '0') * 1000;
  int unit = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    thousandths += (c - '0') * unit;
    unit /= 10;
  }
  return thousandths <= 1000 ? std::optional(thousandths) : std::nullopt;
}

struct Weights {
  std::optional<int> gzip;
  std::optional<int> zstd;
  std::optional<int> identity;
  std::optional<int> any;

  std::optional<int>* of(std::string_view coding) noexcept {
    if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip")) {  // §8.4.1.3
      return &gzip;
    }
    if (equal_ignoring_case(coding, "zstd")) {
      return &zstd;
    }
    if (equal_ignoring_case(coding, "identity")) {
      return &identity;
    }
    return coding == "*" ? &any : nullptr;
  }
};

// One element: codings [ weight ], weight = OWS ";" OWS "q=" qvalue. false where it is malformed. What is named twice
// counts with the lower of its weights.
bool take_element(std::string_view element, Weights& weights) noexcept {
  const auto semicolon = element.find(';');
  const std::string_view coding = trim(element.substr(0, semicolon));
  std::optional<int> weight = 1000;
  if (semicolon != std::string_view::npos) {
    const std::string_view parameter = trim(element.substr(semicolon + 1));
    weight = equal_ignoring_case(parameter.substr(0, 2), "q=") ? parse_weight(parameter.substr(2)) : std::nullopt;
  }
  if (!weight || !is_token(coding)) {
    return false;
  }
  if (std::optional<int>* slot = weights.of(coding)) {
    *slot = std::min(slot->value_or(1000), *weight);
  }
  return true;
}

bool take_line(std::string_view line, Weights& weights) noexcept {
  while (!line.empty()) {
    const auto comma = std::min(line.find(','), line.size());
    const std::string_view element = trim(line.substr(0, comma));
    if (!element.empty() && !take_element(element, weights)) {
      return false;
    }
    line.remove_prefix(std::min(comma + 1, line.size()));
  }
  return true;
}

}  // namespace

CodingList accepted_codings(const Headers& request) noexcept {
  Weights weights;
  for (const Headers::Field field : request) {
    if (field.name == "accept-encoding" && !take_line(field.value, weights)) {
      return {};
    }
  }
  const int other = weights.any.value_or(0);
  const int gzip = weights.gzip.value_or(other);
  const int zstd = weights.zstd.value_or(other);
  const int least = std::max(1, weights.identity.value_or(other));
  CodingList list;
  const auto add = [&](ContentCoding coding, int weight) {
    if (weight >= least) {
      list.items[list.count++] = coding;
    }
  };
  if (gzip > zstd) {
    add(ContentCoding::gzip, gzip);
    add(ContentCoding::zstd, zstd);
  } else {
    add(ContentCoding::zstd, zstd);
    add(ContentCoding::gzip, gzip);
  }
  return list;
}

void add_vary(Headers& response, std::string_view field) {
  if (!response.has_element("vary", field) && !response.has_element("vary", "*")) {
    response.add("vary", field);
  }
}

}  // namespace mcdsl::http
