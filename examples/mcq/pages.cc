#include "pages.h"

#include <optional>
#include <utility>
#include <vector>

#include "attachments_api.h"
#include "caller.h"
#include "mcdsl/http/form.h"
#include "mcdsl/web/htmx.h"
#include "mcdsl/web/session.h"
#include "mcdsl/web/upload.h"
#include "mcq_assets.h"
#include "mcq_templates.h"
#include "page_data.h"

namespace mcq {
namespace {

namespace http = mcdsl::http;
namespace web = mcdsl::web;
using mcdsl::Code;
using mcdsl::Result;

// Of a form with its files. Each file has its own limit, too.
constexpr std::size_t kMaxUpload = std::size_t{1} << 30U;

const mcdsl::auth::Caller& caller_of(const http::Request& request) {
  return *web::session(request).caller;
}

bool may_push(const http::Request& request) {
  return pushers().check(&caller_of(request)).has_value();
}

// As the routes of the API say, and Documents again when it comes to it.
bool may_change(const http::Request& request, const Summary& document) {
  const Editor editor = editor_of(caller_of(request));
  return may_push(request) && (editor.is_admin || editor.username == document.pushed_by);
}

std::string document_path(std::string_view slug) {
  return "/documents/" + http::percent_encode(slug);
}

std::string in_quotes(std::string_view title) {
  return "“" + std::string(title) + "”";
}

Result<QueuePlace> place_of(const http::Request& request) {
  auto search = request.query_param("q");
  auto cursor = request.query_param("at");
  if (!search || !cursor) {
    return std::unexpected(search ? cursor.error() : search.error());
  }
  return QueuePlace{.search = std::move(*search).value_or(""), .cursor = std::move(*cursor).value_or("")};
}

Result<QueuePlace> place_of(const http::Form& form) {
  const auto search = form.find("q");
  const auto cursor = form.find("at");
  if (!search || !cursor) {
    return std::unexpected(search ? cursor.error() : search.error());
  }
  return QueuePlace{.search = std::string(search->value_or("")), .cursor = std::string(cursor->value_or(""))};
}

bool is_for_part(const http::Request& request, std::string_view target) {
  return request.header("hx-request") == "true" && request.header("hx-target").value_or("") == target;
}

std::optional<web::Data> next_data(const std::optional<Summary>& next) {
  return next ? std::optional<web::Data>(SummaryFields{*next}) : std::nullopt;
}

}  // namespace

Pages::Pages(const Config& config, const mcdsl::auth::Authenticator& authenticator, const Documents& documents,
             const Queue& queue, const Attachments& attachments, const mcdsl::log::Logger& logger,
             const mcdsl::Clock& clock)
    : documents_(documents),
      queue_(queue),
      attachments_(attachments),
      upload_form_(documents, attachments, clock),
      assets_({web::page_assets(), web::htmx(), mcq::assets()}),
      templates_({web::page_templates(), mcq::templates()},
                 {.assets = &assets_, .reload_from = config.web.templates_dir}),
      site_({.service = "mcq",
             .title = "mcq",
             .templates = templates_,
             .assets = assets_,
             .clock = clock,
             .logger = logger},
            config, authenticator) {}

void Pages::add_routes(http::Router& pages) const {
  const http::RouteOptions upload{.max_body_bytes = kMaxUpload, .stream_body = true};
  pages.group([this](http::Router& readers) {
    readers.use(site_.require_login());
    readers.get("/", [this](const Request& request) { return show_queue(request); });
    readers.get("/documents/{slug}", [this](const Request& request) { return show_document(request); });
    readers.post("/documents/{slug}/read", [this](const Request& request) { return mark(request, true); });
    readers.post("/documents/{slug}/unread", [this](const Request& request) { return mark(request, false); });
    readers.get("/documents/{slug}/attachments/{name}", [this](const Request& request) -> Result<Response> {
      auto opened = attachments_.open(request.param("slug"), request.param("name"));
      return opened ? Result<Response>(file_response(*std::move(opened))) : std::unexpected(opened.error());
    });
  });
  pages.group([this, &upload](http::Router& writers) {
    writers.use(site_.require_login(pushers()));
    writers.get("/upload", [this](const Request& request) { return show_upload(request); });
    writers.post("/upload", [this](Request& request) { return add_document(request); }, upload);
    writers.post("/documents/{slug}/attachments", [this](Request& request) { return attach(request); }, upload);
    writers.get("/documents/{slug}/delete", [this](const Request& request) { return ask_to_delete(request); });
    writers.post("/documents/{slug}/delete", [this](const Request& request) { return delete_document(request); });
    writers.get("/documents/{slug}/attachments/{name}/delete",
                [this](const Request& request) { return ask_to_delete_file(request); });
    writers.post("/documents/{slug}/attachments/{name}/delete",
                 [this](const Request& request) { return delete_file(request); });
  });
}

std::string Pages::summary_text(const std::string& search) const {
  if (!search.empty()) {
    const auto found = queue_.count_found(search);
    return found == 0 ? "Nothing found" : std::to_string(found) + " found";
  }
  const auto unread = queue_.unread();
  return unread == 0 ? "All read" : std::to_string(unread) + " unread";
}

Result<http::Response> Pages::show_queue(const Request& request) const {
  const auto place = place_of(request);
  if (!place) {
    return std::unexpected(place.error());
  }
  const auto page = queue_.page({.search = place->search, .cursor = place->cursor});
  if (!page) {
    return std::unexpected(page.error());
  }
  web::Data data = queue_data(*page, *place);
  data.set("summary", summary_text(place->search)).set("may_push", may_push(request));
  return site_.page(request, is_for_part(request, "results") ? "found.html" : "list.html", std::move(data));
}

Result<http::Response> Pages::show_document(const Request& request) const {
  const auto document = documents_.find(request.param("slug"));
  if (!document) {
    return std::unexpected(document.error());
  }
  const Summary& summary = document->summary;
  const auto attached = attachments_.list(summary.slug);
  if (!attached) {
    return std::unexpected(attached.error());
  }
  web::Data files = web::Data::list();
  for (const Attachment& about : *attached) {
    files.push_back(AttachmentFields{about});
  }
  web::Data data(SummaryFields{summary});
  data.set("html", web::SafeHtml(markdown_.to_html(document->body, summary.title)))
      .set("minutes", reading_minutes(document->body))
      .set("has_attachments", !attached->empty())
      .set("attachments", std::move(files))
      .set("most", size_text(attachments_.max_bytes()))
      .set("next_unread", next_data(queue_.next_unread(summary.slug)))
      .set("may_push", may_push(request))
      .set("may_change", may_change(request, summary));
  return site_.page(request, "document.html", std::move(data));
}

Result<http::Response> Pages::mark(const Request& request, bool read) const {
  const std::string& slug = request.param("slug");
  const auto form = http::Form::of(request);
  if (!form) {
    return std::unexpected(form.error());
  }
  const auto place = place_of(*form);
  if (!place) {
    return std::unexpected(place.error());
  }
  if (const auto marked = documents_.mark(slug, read); !marked) {
    return std::unexpected(marked.error());
  }
  const auto document = documents_.find(slug);
  if (!document) {
    return std::unexpected(document.error());
  }
  if (request.header("hx-request") == "true") {
    web::Data data;
    place->put_into(data);
    data.set("row", SummaryFields{document->summary}).set("summary", summary_text(place->search));
    return site_.page(request, "marked.html", std::move(data));
  }
  return site_.see_other(
      request, place->path(),
      {.text = in_quotes(document->summary.title) + (read ? " is marked as read." : " is unread again.")});
}

Result<http::Response> Pages::ask_to_delete(const Request& request) const {
  const auto document = documents_.find(request.param("slug"));
  if (!document) {
    return std::unexpected(document.error());
  }
  const Summary& summary = document->summary;
  if (!may_change(request, summary)) {
    return mcdsl::fail_visible(Code::permission_denied, "only an administrator or who pushed it may delete it");
  }
  web::Data data;
  data.set("question", "Delete " + in_quotes(summary.title) + "?")
      .set("consequence", "The document and its attachments are gone for good.")
      .set("action", document_path(summary.slug) + "/delete")
      .set("slug", summary.slug)
      .set("may_push", true);
  return site_.page(request, "delete.html", std::move(data));
}

Result<http::Response> Pages::delete_document(const Request& request) const {
  const std::string& slug = request.param("slug");
  const auto document = documents_.find(slug);
  if (!document) {
    return std::unexpected(document.error());
  }
  if (const auto removed = documents_.remove(slug, editor_of(caller_of(request))); !removed) {
    return std::unexpected(removed.error());
  }
  attachments_.unlink_discarded();
  return site_.see_other(request, "/", {.text = in_quotes(document->summary.title) + " is deleted."});
}

Result<http::Response> Pages::ask_to_delete_file(const Request& request) const {
  const std::string& name = request.param("name");
  const auto document = documents_.find(request.param("slug"));
  if (!document) {
    return std::unexpected(document.error());
  }
  const Summary& summary = document->summary;
  if (!may_change(request, summary)) {
    return mcdsl::fail_visible(Code::permission_denied, "only an administrator or who pushed it may change it");
  }
  if (const auto opened = attachments_.open(summary.slug, name); !opened) {
    return std::unexpected(opened.error());
  }
  web::Data data;
  data.set("question", "Delete " + in_quotes(name) + "?")
      .set("consequence", "The file is gone for good. The document " + in_quotes(summary.title) + " stays.")
      .set("action", document_path(summary.slug) + "/attachments/" + http::percent_encode(name) + "/delete")
      .set("slug", summary.slug)
      .set("may_push", true);
  return site_.page(request, "delete.html", std::move(data));
}

Result<http::Response> Pages::delete_file(const Request& request) const {
  const std::string& slug = request.param("slug");
  const std::string& name = request.param("name");
  if (const auto removed = attachments_.remove(slug, name, editor_of(caller_of(request))); !removed) {
    return std::unexpected(removed.error());
  }
  return site_.see_other(request, document_path(slug), {.text = in_quotes(name) + " is deleted."});
}

Result<http::Response> Pages::show_upload(const Request& request) const {
  web::Data data;
  data.set("most", size_text(attachments_.max_bytes())).set("may_push", true);
  return site_.page(request, "upload.html", std::move(data));
}

http::Response Pages::stored(const Request& request, const std::string& path, const std::string& message) const {
  Response response = site_.see_other(request, path, {.text = message});
  // A script would follow the redirect itself, and so see the message in place of the person.
  if (request.header("accept") == "application/json") {
    response.status = 201;
  }
  return response;
}

Result<http::Response> Pages::add_document(Request& request) const {
  auto form = web::open_form(request);
  if (!form) {
    return std::unexpected(std::move(form).error());
  }
  const auto added = upload_form_.add_document(*form, editor_of(caller_of(request)));
  if (!added) {
    return std::unexpected(added.error());
  }
  return stored(request, document_path(added->slug), in_quotes(added->title) + " is in the queue.");
}

Result<http::Response> Pages::attach(Request& request) const {
  auto form = web::open_form(request);
  if (!form) {
    return std::unexpected(std::move(form).error());
  }
  const std::string& slug = request.param("slug");
  const auto count = upload_form_.attach(*form, slug, editor_of(caller_of(request)));
  if (!count) {
    return std::unexpected(count.error());
  }
  return stored(request, document_path(slug), *count == 1 ? "The file is attached." : "The files are attached.");
}

}  // namespace mcq
