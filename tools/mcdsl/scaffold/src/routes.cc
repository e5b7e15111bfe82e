#include "routes.h"

#include "mcdsl/auth/access.h"
#include "mcdsl/base/time.h"
#include "mcdsl/httpserver/authenticate.h"
#include "mcdsl/json/decode.h"
#include "mcdsl/json/writer.h"

namespace my_notes {
namespace {

using mcdsl::Result;
using mcdsl::http::Request;
using mcdsl::http::Response;
using mcdsl::httpserver::caller;
using mcdsl::json::Writer;

constexpr std::int64_t kDefaultPage = 50;

struct NewNote {
  std::string text;

  void bind(mcdsl::json::Fields& fields) { fields.required("text", text); }
};

void write(Writer& out, const Note& note) {
  out.begin_object().field("id", note.id).field("text", note.text);
  out.field("created_at", mcdsl::format_rfc3339(note.created_at)).end_object();
}

Result<Response> answer(const Result<Note>& note) {
  if (!note) {
    return mcdsl::fail(note.error());
  }
  Writer out;
  write(out, *note);
  return mcdsl::http::json(std::move(out).take());
}

Result<Response> list(const Notes& notes, const Request& request) {
  const auto limit = request.query_number("limit", kDefaultPage, 1, Notes::kLargestPage);
  if (!limit) {
    return mcdsl::fail(limit.error());
  }
  const auto before = request.query_param("before");
  if (!before) {
    return mcdsl::fail(before.error());
  }
  const auto found = notes.list(caller(request).subject, *limit, before->value_or(""));
  if (!found) {
    return mcdsl::fail(found.error());
  }
  Writer out;
  out.begin_object().key("notes").begin_array();
  for (const Note& note : *found) {
    write(out, note);
  }
  out.end_array().end_object();
  return mcdsl::http::json(std::move(out).take());
}

Result<Response> add(const Notes& notes, const Request& request) {
  const auto wanted = mcdsl::json::decode<NewNote>(request.body());
  if (!wanted) {
    return mcdsl::fail(wanted.error());
  }
  const auto note = notes.add(caller(request).subject, wanted->text);
  auto response = answer(note);
  return response ? (*std::move(response)).with_status(201).with_header("location", "/v1/notes/" + note->id) : response;
}

}  // namespace

void add_routes(mcdsl::Service& service, const Notes& notes) {
  service.router().route("/v1/notes", [&](mcdsl::http::Router& router) {
    router.use(service.require(mcdsl::auth::Access::user()));
    router.get("/", [&notes](const Request& request) { return list(notes, request); });
    router.post("/", [&notes](const Request& request) { return add(notes, request); });
    router.get("/{id}", [&notes](const Request& request) {
      return answer(notes.find(caller(request).subject, request.param("id")));
    });
    router.delete_("/{id}", [&notes](const Request& request) {
      return notes.remove(caller(request).subject, request.param("id"));
    });
  });
}

}  // namespace my_notes
