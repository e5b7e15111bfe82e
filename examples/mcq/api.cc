#include "api.h"

#include <algorithm>

#include "attachments_api.h"
#include "caller.h"
#include "mcdsl/base/time.h"
#include "mcdsl/http/content_type.h"
#include "mcdsl/httpserver/login.h"
#include "mcdsl/json/decode.h"
#include "mcdsl/json/writer.h"

namespace mcq {
namespace {

namespace auth = mcdsl::auth;
namespace http = mcdsl::http;
using mcdsl::Code;
using mcdsl::Result;

constexpr std::int64_t kDefaultPage = 50;
constexpr std::int64_t kLargestPage = 200;
constexpr std::size_t kMaxSlug = 128;
constexpr std::size_t kMaxTitle = 300;
constexpr std::size_t kMaxBody = std::size_t{4} << 20U;

struct PushRequest {
  std::string title;
  std::string body;

  void bind(mcdsl::json::Fields& fields) {
    fields.required("title", title);
    fields.required("body", body);
  }
};

Result<void> check_slug(std::string_view slug) {
  const auto is_allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (slug.empty() || slug.size() > kMaxSlug || slug.front() == '-' || !std::ranges::all_of(slug, is_allowed)) {
    return mcdsl::fail_visible(Code::invalid_argument,
                               "a slug has 1 to 128 characters of a-z, 0-9 and '-' and does not begin with '-'");
  }
  return {};
}

Result<void> check_push(std::string_view slug, const PushRequest& input) {
  if (auto sound = check_slug(slug); !sound) {
    return sound;
  }
  if (input.title.empty() || input.title.size() > kMaxTitle) {
    return mcdsl::fail_visible(Code::invalid_argument, "title: 1 to 300 bytes");
  }
  if (input.body.size() > kMaxBody) {
    return mcdsl::fail_visible(Code::invalid_argument, "body: at most 4 MiB");
  }
  return {};
}

void write_summary(mcdsl::json::Writer& out, const Summary& summary) {
  out.field("slug", summary.slug)
      .field("title", summary.title)
      .field("pushed_by", summary.pushed_by)
      .field("pushed_at", mcdsl::format_rfc3339(summary.pushed_at))
      .field("read", summary.read);
}

http::Response answer(const Summary& summary) {
  mcdsl::json::Writer out;
  out.begin_object();
  write_summary(out, summary);
  out.end_object();
  return http::json(std::move(out).take());
}

http::Response answer(const Document& document) {
  mcdsl::json::Writer out;
  out.begin_object();
  write_summary(out, document.summary);
  out.field("body", document.body).end_object();
  return http::json(std::move(out).take());
}

http::Response answer(const Page& page) {
  mcdsl::json::Writer out;
  out.begin_object().key("documents").begin_array();
  for (const Summary& summary : page.documents) {
    out.begin_object();
    write_summary(out, summary);
    out.end_object();
  }
  out.end_array();
  if (page.next) {
    out.field("next", *page.next);
  }
  out.end_object();
  return http::json(std::move(out).take());
}

Result<http::Response> list(const Documents& documents, const http::Request& request) {
  const auto limit = request.query_number("limit", kDefaultPage, 1, kLargestPage);
  if (!limit) {
    return std::unexpected(limit.error());
  }
  const auto after = request.query_param("after");
  if (!after) {
    return std::unexpected(after.error());
  }
  const auto page = documents.list(*limit, after->value_or(""));
  if (!page) {
    return std::unexpected(page.error());
  }
  return answer(*page);
}

Result<http::Response> find(const Documents& documents, const std::string& slug) {
  const auto document = documents.find(slug);
  if (!document) {
    return std::unexpected(document.error());
  }
  return answer(*document);
}

Result<http::Response> push(const Documents& documents, const http::Request& request, const mcdsl::Clock& clock) {
  const std::string& slug = request.param("slug");
  auto input = mcdsl::json::decode<PushRequest>(request.body());
  if (!input) {
    return std::unexpected(input.error());
  }
  if (const auto sound = check_push(slug, *input); !sound) {
    return std::unexpected(sound.error());
  }
  const Editor editor = editor_of(request);
  const Document document{.summary = {.slug = slug,
                                      .title = std::move(input->title),
                                      .pushed_by = editor.username,
                                      .pushed_at = clock.now()},
                          .body = std::move(input->body)};
  const auto is_new = documents.push(document, editor);
  if (!is_new) {
    return std::unexpected(is_new.error());
  }
  return answer(document.summary).with_status(*is_new ? 201 : 200);
}

}  // namespace

void add_routes(mcdsl::Service& service, const auth::Authenticator& authenticator, const Documents& documents,
                const Attachments& attachments) {
  mcdsl::httpserver::add_login_routes(service.router(), authenticator);
  service.router().route("/v1/documents", [&](http::Router& router) {
    router.group([&](http::Router& readers) {
      readers.use(service.require(auth::Access::authenticated()));
      readers.get("/", [&documents](const http::Request& request) { return list(documents, request); });
      readers.get("/{slug}",
                  [&documents](const http::Request& request) { return find(documents, request.param("slug")); });
      for (const bool read : {true, false}) {
        readers.post(read ? "/{slug}/read" : "/{slug}/unread", [&documents, read](const http::Request& request) {
          return documents.mark(request.param("slug"), read);
        });
      }
    });
    router.group([&](http::Router& writers) {
      writers.use(service.require(pushers()));
      writers.use(http::require_json());
      writers.delete_("/{slug}", [&documents, &attachments](const http::Request& request) {
        auto removed = documents.remove(request.param("slug"), editor_of(request));
        if (removed) {
          attachments.unlink_discarded();
        }
        return removed;
      });
      writers.put("/{slug}",
                  [&documents, &clock = service.clock()](const http::Request& request) {
                    return push(documents, request, clock);
                  },
                  {.max_body_bytes = kMaxBody + kMaxBody / 4});
    });
    add_attachment_routes(router, service, attachments);
  });
}

}  // namespace mcq
