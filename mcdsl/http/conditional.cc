#include "mcdsl/http/conditional.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "mcdsl/http/date.h"
#include "mcdsl/http/entity_tag.h"

namespace mcdsl::http {
namespace {

using std::chrono::sys_seconds;

enum class Outcome : std::uint8_t { carry_out, not_modified, failed };

bool is_read(Method method) noexcept {
  return method == Method::get || method == Method::head;
}

// What an If-Match or If-None-Match says: "*", or tags in any number of lines.
enum class Listed : std::uint8_t { no, yes, malformed };

using Equal = bool (*)(const EntityTag&, const EntityTag&) noexcept;

// Whether one line of a list (RFC 9110 §5.6.1: empty elements count for nothing) has the tag. A tag may hold a comma.
Listed line_lists(std::string_view line, const std::optional<EntityTag>& own, Equal equal) {
  Listed found = Listed::no;
  bool after_tag = false;
  while (!line.empty()) {
    if (line.front() == ',' || line.front() == ' ' || line.front() == '\t') {
      after_tag = after_tag && line.front() != ',';
      line.remove_prefix(1);
      continue;
    }
    const auto tag = after_tag ? std::nullopt : take_entity_tag(line);
    if (!tag) {
      return Listed::malformed;
    }
    after_tag = true;
    if (own && equal(*tag, *own)) {
      found = Listed::yes;
    }
  }
  return found;
}

Listed lists(const Headers& headers, std::string_view name, const std::optional<Validators>& current, Equal equal) {
  if (headers.count(name) == 1 && headers.get(name) == "*") {
    return current ? Listed::yes : Listed::no;
  }
  const auto own = current ? parse_entity_tag(current->etag) : std::nullopt;
  Listed found = Listed::no;
  for (const Headers::Field field : headers) {
    if (field.name != name) {
      continue;
    }
    const Listed here = line_lists(field.value, own, equal);
    if (here == Listed::malformed) {
      return here;
    }
    found = here == Listed::yes ? here : found;
  }
  return found;
}

// A date that stands there once; anything else is as good as none (RFC 9110 §13.1.3, §13.1.4).
std::optional<sys_seconds> date_of(const Request& request, std::string_view name, const Clock& clock) {
  const auto value = request.header(name);
  return value && request.headers().count(name) == 1 ? parse_date(*value, clock.now()) : std::nullopt;
}

Outcome evaluate(const Request& request, const std::optional<Validators>& current, const Clock& clock) {
  const Headers& headers = request.headers();
  const bool has_date = current && current->last_modified;
  const sys_seconds modified = has_date ? *current->last_modified : sys_seconds();
  if (headers.contains("if-match")) {
    if (lists(headers, "if-match", current, strongly_equal) != Listed::yes) {
      return Outcome::failed;
    }
  } else if (const auto since = date_of(request, "if-unmodified-since", clock);
             since && has_date && modified > *since) {
    return Outcome::failed;
  }
  if (headers.contains("if-none-match")) {
    const Listed listed = lists(headers, "if-none-match", current, weakly_equal);
    if (!is_read(request.method())) {
      return listed == Listed::no ? Outcome::carry_out : Outcome::failed;
    }
    return listed == Listed::yes ? Outcome::not_modified : Outcome::carry_out;
  }
  if (is_read(request.method())) {
    const auto since = date_of(request, "if-modified-since", clock);
    if (since && has_date && modified <= *since) {
      return Outcome::not_modified;
    }
  }
  return Outcome::carry_out;
}

Response failed() {
  return error(412, "precondition failed");
}

// RFC 9110 §15.4.5: what describes the representation stays away, but for what lets a cache find and renew it.
Response not_modified(Response whole) {
  constexpr std::array<std::string_view, 7> kDescribesContent{"content-type",     "content-length", "content-encoding",
                                                              "content-language", "content-range",  "content-digest",
                                                              "repr-digest"};
  for (const std::string_view name : kDescribesContent) {
    whole.headers.remove(name);
  }
  if (whole.headers.contains("etag")) {
    whole.headers.remove("last-modified");
  }
  whole.status = 304;
  whole.body.clear();
  whole.file.reset();
  whole.stream.reset();
  return whole;
}

void add_validators(Headers& headers, const Validators& validators) {
  if (!validators.etag.empty()) {
    headers.set("etag", validators.etag);
  }
  if (validators.last_modified) {
    headers.set("last-modified", format_date(*validators.last_modified));
  }
}

}  // namespace

std::optional<Response> check_preconditions(const Request& request, const std::optional<Validators>& current,
                                            const Clock& clock) {
  if (request.method() == Method::options) {
    return std::nullopt;
  }
  const Outcome outcome = evaluate(request, current, clock);
  if (outcome == Outcome::carry_out) {
    return std::nullopt;
  }
  Response response = outcome == Outcome::failed ? failed() : Response();
  if (current) {
    add_validators(response.headers, *current);
  }
  return outcome == Outcome::failed ? std::move(response) : not_modified(std::move(response));
}

Response with_preconditions(const Request& request, Response whole, const Clock& clock) {
  if (whole.status != 200 || !is_read(request.method())) {
    return whole;
  }
  Validators validators{.etag = std::string(whole.headers.get("etag").value_or(""))};
  if (const auto date = whole.headers.get("last-modified")) {
    validators.last_modified = parse_date(*date, clock.now());
  }
  const Outcome outcome = evaluate(request, validators, clock);
  if (outcome == Outcome::carry_out) {
    return whole;
  }
  if (outcome == Outcome::not_modified) {
    return not_modified(std::move(whole));
  }
  Response response = failed();
  for (const std::string_view name : {"etag", "last-modified", "vary"}) {
    if (const auto value = whole.headers.get(name)) {
      response.headers.set(name, *value);
    }
  }
  return response;
}

Middleware conditional_requests() {
  return [](Handler next) -> Handler {
    return [next = std::move(next)](Request& request) {
      Response response = next(request);
      if (response.status != 200 || !is_read(request.method()) || response.file || response.stream) {
        return response;
      }
      if (!response.headers.contains("etag")) {
        response.headers.add("etag", entity_tag_of(response.body));
      }
      return with_preconditions(request, std::move(response));
    };
  };
}

}  // namespace mcdsl::http
