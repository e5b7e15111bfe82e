#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "attachments.h"
#include "config.h"
#include "documents.h"
#include "markdown.h"
#include "mcdsl/auth/authenticator.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/log.h"
#include "mcdsl/http/router.h"
#include "mcdsl/web/assets.h"
#include "mcdsl/web/site.h"
#include "mcdsl/web/templates.h"
#include "queue.h"
#include "upload_form.h"

namespace mcq {

/// The pages of mcq, for people: the queue, its documents, and what may be done with them. Who may do it is what the
/// API says: any role reads and marks, those who may push add, and who pushed a document or an administrator changes
/// it.
///
/// Threads: `add_routes` from one; then the routes from any. Lifetime: everything given outlives it, and it the
/// routers.
class Pages {
 public:
  /// What `web.public_url` is empty for serves no pages. Throws as web::Site does.
  Pages(const Config& config, const mcdsl::auth::Authenticator& authenticator, const Documents& documents,
        const Queue& queue, const Attachments& attachments, const mcdsl::log::Logger& logger = {},
        const mcdsl::Clock& clock = mcdsl::system_clock());

  [[nodiscard]] const mcdsl::web::Site& site() const noexcept { return site_; }

  /// For Service::add_pages.
  void add_routes(mcdsl::http::Router& pages) const;

 private:
  using Request = mcdsl::http::Request;
  using Response = mcdsl::http::Response;
  template <class T>
  using Result = mcdsl::Result<T>;

  [[nodiscard]] Result<Response> show_queue(const Request& request) const;
  [[nodiscard]] Result<Response> show_document(const Request& request) const;
  [[nodiscard]] Result<Response> mark(const Request& request, bool read) const;
  [[nodiscard]] Result<Response> ask_to_delete(const Request& request) const;
  [[nodiscard]] Result<Response> delete_document(const Request& request) const;
  [[nodiscard]] Result<Response> ask_to_delete_file(const Request& request) const;
  [[nodiscard]] Result<Response> delete_file(const Request& request) const;
  [[nodiscard]] Result<Response> show_upload(const Request& request) const;
  [[nodiscard]] Result<Response> add_document(Request& request) const;
  [[nodiscard]] Result<Response> attach(Request& request) const;

  [[nodiscard]] std::string summary_text(const std::string& search) const;
  /// To a page, with a message; for the script that shows how far an upload is, 201.
  [[nodiscard]] Response stored(const Request& request, const std::string& path, const std::string& message) const;

  const Documents& documents_;
  const Queue& queue_;
  const Attachments& attachments_;
  UploadForm upload_form_;
  Markdown markdown_;
  mcdsl::web::Assets assets_;
  mcdsl::web::Templates templates_;
  mcdsl::web::Site site_;
};

}  // namespace mcq
