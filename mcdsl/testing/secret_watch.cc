#include "mcdsl/testing/secret_watch.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "mcdsl/http/form.h"
#include "mcdsl/json/decode.h"

namespace mcdsl::testing {
namespace {

constexpr std::size_t kMiddle = 24;  // bytes that stand for a long secret, so that it is found where a line cuts it off

bool is_secret_field(std::string_view name) {
  constexpr std::array<std::string_view, 6> kNames{"password", "totp_code", "csrf_token", "token", "code", "state"};
  return std::ranges::find(kNames, name) != kNames.end();
}

struct JsonFields {
  std::optional<std::string> password;
  std::optional<std::string> totp_code;
  std::optional<std::string> csrf_token;
  std::optional<std::string> token;

  void bind(json::Fields& fields) {
    fields.optional("password", password);
    fields.optional("totp_code", totp_code);
    fields.optional("csrf_token", csrf_token);
    fields.optional("token", token);
  }
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_of_token(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

bool is_code(std::string_view value) {
  return value.size() == 6 && std::ranges::all_of(value, is_digit);
}

// Not six digits of a longer figure, such as a time.
bool has_code(std::string_view text, std::string_view code) {
  const auto is_of_figure = [](char c) { return is_of_token(c) || c == '.'; };
  for (auto at = text.find(code); at != std::string_view::npos; at = text.find(code, at + 1)) {
    const std::string_view after = text.substr(at + code.size());
    if ((at == 0 || !is_of_figure(text[at - 1])) && (after.empty() || !is_of_figure(after.front()))) {
      return true;
    }
  }
  return false;
}

// A space is a plus there (WHATWG URL §5.2).
std::string as_in_form(std::string encoded) {
  for (auto at = encoded.find("%20"); at != std::string::npos; at = encoded.find("%20", at + 1)) {
    encoded.replace(at, 3, "+");
  }
  return encoded;
}

bool has_secret(std::string_view text, std::string_view value) {
  if (is_code(value)) {
    return has_code(text, value);
  }
  if (value.size() >= 2 * kMiddle) {
    value = value.substr((value.size() - kMiddle) / 2, kMiddle);
  }
  const std::string encoded = http::percent_encode(value);
  return text.contains(value) || text.contains(encoded) || text.contains(as_in_form(encoded));
}

// base64url of {" in front, and a dot behind the header.
bool has_jwt(std::string_view text) {
  constexpr std::string_view kBegin = "eyJ";
  for (auto at = text.find(kBegin); at != std::string_view::npos; at = text.find(kBegin, at + 1)) {
    const std::string_view rest = text.substr(at + kBegin.size());
    const auto* const end = std::ranges::find_if_not(rest, is_of_token);
    const auto size = static_cast<std::size_t>(end - rest.begin());
    if (size >= SecretWatch::kShortest && end != rest.end() && *end == '.') {
      return true;
    }
  }
  return false;
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(' ');
  return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

}  // namespace

http::Response SecretWatch::serve(http::Request& request) const {
  learn_from(request);
  http::Response response = application_.serve(request);
  learn_from(response);
  return response;
}

void SecretWatch::learn(std::string_view kind, std::string_view value) const {
  std::string digits(value);
  std::erase(digits, ' ');
  if (is_code(digits)) {
    const std::scoped_lock lock(mutex_);
    known_.insert({std::string(kind), digits});
  }
  if (value.size() >= kShortest) {
    const std::scoped_lock lock(mutex_);
    known_.insert({std::string(kind), std::string(value)});
  }
}

std::set<std::string> SecretWatch::kinds() const {
  const std::scoped_lock lock(mutex_);
  std::set<std::string> kinds;
  for (const Known& known : known_) {
    kinds.insert(known.kind);
  }
  return kinds;
}

std::set<std::string> SecretWatch::kinds_in(std::string_view text) const {
  const std::scoped_lock lock(mutex_);
  std::set<std::string> kinds;
  for (const auto& [kind, value] : known_) {
    if (has_secret(text, value)) {
      kinds.insert(kind);
    }
  }
  if (has_jwt(text)) {
    kinds.insert("token");
  }
  return kinds;
}

void SecretWatch::learn_from(const http::Request& request) const {
  learn("token", request.bearer_token().value_or(""));
  learn_form(request.query());
  for (const auto& [name, value] : request.headers()) {
    if (name == "cookie") {
      learn_cookies(value);
    } else if (name == "x-csrf-token") {
      learn("csrf_token", value);
    } else if (name == "content-type" && value.starts_with(http::kFormType)) {
      learn_form(request.body());
    }
  }
  learn_json(request.body());
}

void SecretWatch::learn_from(const http::Response& response) const {
  for (const auto& [name, value] : response.headers) {
    if (name == "set-cookie") {
      learn_cookies(value.substr(0, value.find(';')));
    } else if (name == "location") {
      learn_form(value.substr(std::min(value.find('?'), value.size() - 1) + 1));
    }
  }
  learn_json(response.body);
  constexpr std::string_view kField = R"(name="csrf_token" value=")";
  for (auto at = response.body.find(kField); at != std::string::npos; at = response.body.find(kField, at + 1)) {
    const std::string_view rest = std::string_view(response.body).substr(at + kField.size());
    learn("csrf_token", rest.substr(0, rest.find('"')));
  }
}

void SecretWatch::learn_form(std::string_view text) const {
  if (const auto form = http::Form::parse(text)) {
    for (const auto& [name, value] : form->fields()) {
      if (is_secret_field(name)) {
        learn(name, value);
      }
    }
  }
}

void SecretWatch::learn_json(std::string_view text) const {
  if (!text.starts_with('{')) {
    return;
  }
  if (const auto fields = json::decode<JsonFields>(text, {.allow_unknown_fields = true})) {
    learn("password", fields->password.value_or(""));
    learn("totp_code", fields->totp_code.value_or(""));
    learn("csrf_token", fields->csrf_token.value_or(""));
    learn("token", fields->token.value_or(""));
  }
}

void SecretWatch::learn_cookies(std::string_view pairs) const {
  while (!pairs.empty()) {
    const std::string_view pair = trimmed(pairs.substr(0, pairs.find(';')));
    pairs.remove_prefix(std::min(pairs.find(';'), pairs.size() - 1) + 1);
    if (const auto equals = pair.find('='); equals != std::string_view::npos) {
      learn("cookie " + std::string(pair.substr(0, equals)), pair.substr(equals + 1));
    }
  }
}

}  // namespace mcdsl::testing
