#include "attachments_api.h"

#include <span>
#include <utility>

#include "attachment_fields.h"
#include "caller.h"
#include "mcdsl/base/time.h"
#include "mcdsl/http/router.h"
#include "mcdsl/httpserver/authenticate.h"
#include "mcdsl/json/writer.h"

namespace mcq {
namespace {

namespace auth = mcdsl::auth;
namespace http = mcdsl::http;
using mcdsl::Result;

void write(mcdsl::json::Writer& out, const Attachment& about) {
  out.begin_object()
      .field("name", about.name)
      .field("size", about.size)
      .field("sha256", about.sha256)
      .field("content_type", about.content_type)
      .field("stored_at", mcdsl::format_rfc3339(about.stored_at))
      .end_object();
}

Result<http::Response> list(const Attachments& attachments, const http::Request& request) {
  const auto all = attachments.list(request.param("slug"));
  if (!all) {
    return std::unexpected(all.error());
  }
  mcdsl::json::Writer out;
  out.begin_object().key("attachments").begin_array();
  for (const Attachment& about : *all) {
    write(out, about);
  }
  out.end_array().end_object();
  return http::json(std::move(out).take());
}

Result<http::Response> get(const Attachments& attachments, const http::Request& request) {
  auto opened = attachments.open(request.param("slug"), request.param("name"));
  if (!opened) {
    return std::unexpected(opened.error());
  }
  return file_response(*std::move(opened));
}

http::Response put(const Attachments& attachments, http::Request& request) {
  const std::string& name = request.param("name");
  if (const auto sound = check_attachment_name(name); !sound) {
    return http::error(sound.error());
  }
  // A part of a file must not become the whole (RFC 9110 §14.5), nor an encoded one what it is not (§8.4).
  if (request.header("content-range")) {
    return http::error(400, "an attachment is put as a whole, without Content-Range");
  }
  if (request.header("content-encoding")) {
    return http::error(415, "an attachment is put as it is, without Content-Encoding");
  }
  const auto stored = attachments.put(request.param("slug"), name, content_type_of(request.headers()),
                                      editor_of(mcdsl::httpserver::caller(request)),
                                      [&](std::span<char> into) { return request.read_body(into); });
  if (!stored) {
    return http::error(stored.error());
  }
  mcdsl::json::Writer out;
  write(out, stored->about);
  return http::json(std::move(out).take()).with_status(stored->is_new ? 201 : 200);
}

}  // namespace

http::Response file_response(OpenAttachment opened) {
  const Attachment& about = opened.about;
  http::Response response;
  response.headers.add("content-type", about.content_type);
  response.headers.add("content-disposition", content_disposition(about.name));
  response.headers.add("etag", "\"" + about.sha256 + "\"");
  response.file = http::FileBody{.fd = std::move(opened.file), .offset = 0, .length = about.size};
  return response;
}

void add_attachment_routes(mcdsl::Service& service, const Attachments& attachments) {
  http::Router& router = service.router();
  router.group([&](http::Router& readers) {
    readers.use(service.require(auth::Access::authenticated()));
    readers.get("/v1/documents/{slug}/attachments",
                [&attachments](const http::Request& request) { return list(attachments, request); });
    readers.get("/v1/documents/{slug}/attachments/{name}",
                [&attachments](const http::Request& request) { return get(attachments, request); });
  });
  router.group([&](http::Router& writers) {
    writers.use(service.require(pushers()));
    writers.put("/v1/documents/{slug}/attachments/{name}",
                [&attachments](http::Request& request) { return put(attachments, request); },
                {.max_body_bytes = attachments.max_bytes(), .stream_body = true});
    writers.delete_("/v1/documents/{slug}/attachments/{name}", [&attachments](const http::Request& request) {
      return attachments.remove(request.param("slug"), request.param("name"),
                                editor_of(mcdsl::httpserver::caller(request)));
    });
  });
}

}  // namespace mcq
