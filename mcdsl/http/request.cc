#include "mcdsl/http/request.h"

#include <charconv>

#include "mcdsl/base/bytes.h"

namespace mcdsl::http {

void Request::start(Method method, std::string_view target) {
  method_ = method;
  target_.assign(target);
  path_size_ = std::min(target.find('?'), target.size());
  headers_.clear();
  trailers_.clear();
  body_.clear();
  read_from_body_ = 0;
  body_reader_ = nullptr;
  stop_token_ = {};
  refusal_.reset();
  route_ = {};
  params_.clear();
  handler_ = nullptr;
  attributes_.clear();
}

std::string_view Request::path() const noexcept {
  return std::string_view(target_).substr(0, path_size_);
}

std::string_view Request::query() const noexcept {
  return path_size_ < target_.size() ? std::string_view(target_).substr(path_size_ + 1) : std::string_view();
}

Result<std::size_t> Request::read_body(std::span<char> into) {
  if (body_reader_ != nullptr) {
    return body_reader_->read(into);
  }
  const std::size_t count = body_.copy(into.data(), into.size(), read_from_body_);
  read_from_body_ += count;
  return count;
}

const std::string& Request::param(std::string_view name) const {
  for (const auto& [key, value] : params_) {
    if (key == name) {
      return value;
    }
  }
  throw Exception(Code::internal,
                  "route \"" + std::string(route_) + "\" has no parameter \"" + std::string(name) + "\"");
}

Result<std::optional<std::string>> Request::query_param(std::string_view name) const {
  for (std::string_view rest = query(); !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto key = percent_decode(pair.substr(0, equals), true);
    if (key != name) {
      continue;
    }
    auto value = percent_decode(equals < pair.size() ? pair.substr(equals + 1) : std::string_view(), true);
    if (!value) {
      return fail_visible(Code::invalid_argument,
                          "query parameter \"" + std::string(name) + "\" is not valid UTF-8 in percent encoding");
    }
    return value;
  }
  return std::nullopt;
}

Result<std::int64_t> Request::query_number(std::string_view name, std::int64_t fallback, std::int64_t low,
                                           std::int64_t high) const {
  const auto text = query_param(name);
  if (!text) {
    return std::unexpected(text.error());
  }
  if (!text->has_value()) {
    return fallback;
  }
  std::int64_t value = 0;
  const char* end = (*text)->data() + (*text)->size();
  const auto [stop, problem] = std::from_chars((*text)->data(), end, value);
  if (problem != std::errc() || stop != end || value < low || value > high) {
    return fail_visible(Code::invalid_argument, "query parameter \"" + std::string(name) +
                                                    "\" must be a whole number from " + std::to_string(low) + " to " +
                                                    std::to_string(high));
  }
  return value;
}

std::optional<std::string_view> Request::bearer_token() const noexcept {
  constexpr std::string_view kScheme = "Bearer ";
  const auto value = headers_.get("authorization");
  if (!value || !equal_ignoring_case(value->substr(0, kScheme.size()), kScheme) ||
      headers_.count("authorization") > 1) {  // which of two a proxy looked at cannot be known
    return std::nullopt;
  }
  const std::string_view token = trim(value->substr(kScheme.size()));
  return token.empty() ? std::nullopt : std::optional(token);
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const auto byte = hex_decode(text.substr(i + 1, 2));
      if (!byte || byte->size() != 1 || byte->front() == '\0') {
        return std::nullopt;
      }
      out.push_back(byte->front());
      i += 2;
    } else if (text[i] == '\0') {
      return std::nullopt;
    } else {
      out.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  if (!is_valid_utf8(out)) {
    return std::nullopt;
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kUnreserved = "-._~";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || kUnreserved.contains(c)) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kHex[byte >> 4U]);
      out.push_back(kHex[byte & 15U]);
    }
  }
  return out;
}

}  // namespace mcdsl::http
