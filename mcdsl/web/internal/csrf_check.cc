#include "mcdsl/web/internal/csrf_check.h"

#include <utility>

#include "mcdsl/http/content_type.h"
#include "mcdsl/http/form.h"
#include "mcdsl/http/multipart.h"
#include "mcdsl/web/internal/visit.h"
#include "mcdsl/web/upload.h"

namespace mcdsl::web {
namespace internal {
namespace {

constexpr std::size_t kMaxTokenBytes = 512;

// A program of ours sends the token that it was given; no browser adds one by itself. With cookies in it the request
// may be a browser's after all.
bool is_program_with_token(const http::Request& request) {
  return request.bearer_token().has_value() && !request.headers().contains("cookie");
}

Result<std::optional<std::string>> find_in_parts(const http::Request& request) {
  auto form = http::MultipartReader::over(request.headers(), request.body());
  if (!form) {
    return fail(std::move(form).error());
  }
  for (;;) {
    const auto part = form->next_part();
    if (!part) {
      return fail(part.error());
    }
    if (!*part) {
      return std::optional<std::string>();
    }
    if ((*part)->name == kCsrfField && !(*part)->filename) {
      auto token = form->read_all(kMaxTokenBytes);
      return token ? Result<std::optional<std::string>>(*std::move(token)) : fail(std::move(token).error());
    }
  }
}

// Of the one field that holds it. What is neither form is JSON or text: that brings the header.
Result<std::optional<std::string>> find_in_body(const http::Request& request) {
  const std::string_view type = http::media_type(request.header("content-type").value_or(""));
  if (http::equal_ignoring_case(type, http::kFormType)) {
    const auto form = http::Form::of(request);
    const auto token = form ? form->find(kCsrfField) : Result<std::optional<std::string_view>>(fail(form.error()));
    if (!token) {
      return fail(token.error());
    }
    return *token ? std::optional(std::string(**token)) : std::nullopt;
  }
  if (http::equal_ignoring_case(type, http::kMultipartFormType)) {
    return find_in_parts(request);
  }
  return std::optional<std::string>();
}

std::unexpected<Error> refuse_field(const http::Request& request) {
  return fail(Error(Code::permission_denied, "csrf: the first field of the form for \"" + std::string(request.route()) +
                                                 "\" is not " + std::string(kCsrfField) + ", and no header holds it")
                  .with_public_text("this form is not from a current page: reload the page and try again"));
}

}  // namespace

Result<std::size_t> GuardedBody::read(std::span<char> into) {
  if (state_ == State::shut) {
    return fail(Code::permission_denied,
                "csrf: the body was read before its token was checked, or after it was refused");
  }
  return body_.read(into);
}

Result<void> GuardedBody::end_check(std::string_view token) {
  auto checked = guard_.check(binding_, token);
  state_ = checked ? State::open : State::shut;
  return checked;
}

Result<void> CsrfCheck::check_source_of(const http::Request& request) const {
  const http::Headers& headers = request.headers();
  if (headers.count("sec-fetch-site") > 1 || headers.count("origin") > 1 || headers.count(kCsrfHeader) > 1) {
    return fail(Error(Code::permission_denied, "csrf: Sec-Fetch-Site, Origin or the token stands there twice"));
  }
  return csrf::check_source(own_, {.sec_fetch_site = headers.get("sec-fetch-site"), .origin = headers.get("origin")});
}

http::Response CsrfCheck::handle(http::Request& request, const http::Handler& next) const {
  if (http::is_safe(request.method()) || is_program_with_token(request)) {
    return next(request);
  }
  if (auto ours = check_source_of(request); !ours) {
    return refuse_(request, std::move(ours).error());
  }
  const Visit* visit = request.get<Visit>();
  if (visit == nullptr || visit->binding.empty()) {
    return refuse_(request, Error(Code::unauthenticated, "csrf: no session that a token could belong to")
                                .with_public_text("your session has ended: log in again"));
  }
  std::optional<std::string> token;
  if (const auto header = request.header(kCsrfHeader)) {
    token = std::string(*header);
  } else if (request.body_reader() != nullptr) {
    return handle_stream(request, visit->binding, next);
  } else {
    auto found = find_in_body(request);
    if (!found) {
      return refuse_(request, std::move(found).error());
    }
    token = *std::move(found);
  }
  if (auto checked = guard_.check(visit->binding, token.value_or("")); !checked) {
    return refuse_(request, std::move(checked).error());
  }
  return next(request);
}

http::Response CsrfCheck::handle_stream(http::Request& request, const std::string& binding,
                                        const http::Handler& next) const {
  GuardedBody body(*request.body_reader(), guard_, binding);
  // Whatever happens, the body that stands on this stack is out of the request when it goes.
  struct Restore {
    http::Request& request;
    http::BodyReader* body;
    ~Restore() {
      request.set_body_reader(body);
      request.set(std::shared_ptr<const PendingCheck>());
    }
  } const restore{request, request.body_reader()};
  request.set_body_reader(&body);
  request.set(PendingCheck{.body = &body});
  http::Response response = next(request);
  constexpr int kFirstRefusal = 400;
  if (!body.is_open() && response.status < kFirstRefusal) {
    return refuse_(request,
                   Error(Code::internal, "route \"" + std::string(request.route()) +
                                             "\" streams its body and has not checked the csrf token: it opens "
                                             "its form with web::open_form"));
  }
  return response;
}

}  // namespace internal

Result<http::MultipartReader> open_form(http::Request& request) {
  const auto* pending = request.get<internal::PendingCheck>();
  if (pending == nullptr || pending->body->is_open()) {
    return http::MultipartReader::open(request);
  }
  internal::GuardedBody& body = *pending->body;
  body.begin_check();
  const auto refuse = [&](Error error) {
    body.refuse();
    return fail(std::move(error));
  };
  auto form = http::MultipartReader::open(request);
  if (!form) {
    return refuse(std::move(form).error());
  }
  const auto part = form->next_part();
  if (!part) {
    return refuse(part.error());
  }
  if (!*part || (*part)->name != internal::kCsrfField || (*part)->filename) {
    body.refuse();
    return internal::refuse_field(request);
  }
  const auto token = form->read_all(internal::kMaxTokenBytes);
  if (!token) {
    return refuse(token.error());
  }
  if (auto checked = body.end_check(*token); !checked) {
    return fail(std::move(checked).error());
  }
  return form;
}

}  // namespace mcdsl::web
