#include "pages.h"

#include <string>
#include <vector>

#include "mcdsl/auth/access.h"
#include "mcdsl/base/time.h"
#include "mcdsl/http/form.h"
#include "mcdsl/http/router.h"
#include "mcdsl/web/data.h"
#include "mcdsl/web/session.h"

#include "my_notes_assets.h"
#include "my_notes_templates.h"

namespace my_notes {
namespace {

namespace web = mcdsl::web;
using mcdsl::Result;
using mcdsl::http::Request;
using mcdsl::http::Response;

// A note as the templates see it.
struct Row {
  explicit Row(const Note& note) : note(note) {}

  void show(web::Fields& fields) const {
    fields.add("id", note.id);
    fields.add("text", note.text);
    fields.add("created_at", mcdsl::format_rfc3339(note.created_at));
  }

  const Note& note;
};

const std::string& author(const Request& request) {
  return web::session(request).caller->subject;
}

}  // namespace

Pages::Pages(mcdsl::Service& service, const Config& config, const mcdsl::auth::Authenticator& authenticator,
             const Notes& notes)
    : assets_({web::page_assets(), my_notes::assets()}),
      templates_({web::page_templates(), my_notes::templates()},
                 {.assets = &assets_, .reload_from = config.web.templates_dir}),
      site_({.service = service.name(),
             .title = "my-notes",
             .templates = templates_,
             .assets = assets_,
             .clock = service.clock(),
             .logger = service.logger()},
            config, authenticator),
      notes_(notes) {
  service.add_pages(site_, [this](mcdsl::http::Router& pages) {
    pages.use(site_.require_login(mcdsl::auth::Access::user()));
    pages.get("/", [this](const Request& request) { return list(request); });
    pages.post("/notes", [this](const Request& request) { return add(request); });
    pages.post("/notes/{id}/delete", [this](const Request& request) { return remove(request); });
  });
}

Result<Response> Pages::list(const Request& request) const {
  const auto notes = notes_.list(author(request), Notes::kLargestPage, "");
  if (!notes) {
    return mcdsl::fail(notes.error());
  }
  web::Data page;
  page.set("notes", std::vector<Row>(notes->begin(), notes->end()));
  return site_.page(request, "list.html", page);
}

Result<Response> Pages::add(const Request& request) const {
  const auto form = mcdsl::http::Form::of(request);
  const auto text = form ? form->get("text") : mcdsl::fail(form.error());
  if (!text) {
    return mcdsl::fail(text.error());
  }
  if (const auto added = notes_.add(author(request), *text); !added) {
    return site_.see_other(request, "/",
                           {.text = std::string(added.error().public_text()), .kind = web::Flash::Kind::problem});
  }
  return site_.see_other(request, "/");
}

Result<Response> Pages::remove(const Request& request) const {
  if (const auto removed = notes_.remove(author(request), request.param("id")); !removed) {
    return mcdsl::fail(removed.error());
  }
  return site_.see_other(request, "/", {.text = "The note is deleted."});
}

}  // namespace my_notes
