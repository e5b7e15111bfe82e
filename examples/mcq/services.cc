#include "services.h"

#include <chrono>
#include <tuple>
#include <utility>

#include "caller.h"
#include "mcdsl/base/error.h"

namespace mcq {
namespace {

using google::protobuf::Empty;
using google::protobuf::Timestamp;
using mcdsl::Code;
using mcdsl::Result;
using mcdsl::grpcserver::Context;

constexpr std::int64_t kDefaultPage = 50;
constexpr std::int64_t kLargestPage = 200;

Result<void> check_push(const v1::PushDocumentRequest& request) {
  if (!request.has_body()) {
    return mcdsl::fail_visible(Code::invalid_argument, "body: at most 4 MiB");
  }
  return check_document(request.slug(), request.title(), request.body());
}

// A wall time, to the second of the database.
Timestamp to_proto(std::chrono::system_clock::time_point time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  Timestamp timestamp;
  timestamp.set_seconds(seconds.time_since_epoch().count());
  return timestamp;
}

// Both messages have these fields.
template <class Message>
void put(const Summary& summary, Message& into) {
  into.set_slug(summary.slug);
  into.set_title(summary.title);
  into.set_pushed_by(summary.pushed_by);
  *into.mutable_pushed_at() = to_proto(summary.pushed_at);
  into.set_read(summary.read);
}

Result<Empty> nothing(const Result<void>& result) {
  return result ? Result<Empty>() : std::unexpected(result.error());
}

}  // namespace

Result<v1::ListDocumentsReply> DocumentService::ListDocuments(const Context& /*context*/,
                                                              const v1::ListDocumentsRequest& request) {
  const std::int64_t limit = request.has_limit() ? request.limit() : kDefaultPage;
  if (limit < 1 || limit > kLargestPage) {
    return mcdsl::fail_visible(Code::invalid_argument, "limit: 1 to 200");
  }
  const auto page = documents_.list(limit, request.after());
  if (!page) {
    return std::unexpected(page.error());
  }
  v1::ListDocumentsReply reply;
  for (const Summary& summary : page->documents) {
    put(summary, *reply.add_documents());
  }
  if (page->next) {
    reply.set_next(*page->next);
  }
  return reply;
}

Result<v1::Document> DocumentService::GetDocument(const Context& /*context*/, const v1::GetDocumentRequest& request) {
  auto document = documents_.find(request.slug());
  if (!document) {
    return std::unexpected(std::move(document).error());
  }
  v1::Document reply;
  put(document->summary, reply);
  reply.set_body(std::move(document->body));
  return reply;
}

Result<v1::Summary> DocumentService::PushDocument(const Context& context, const v1::PushDocumentRequest& request) {
  if (const auto sound = check_push(request); !sound) {
    return std::unexpected(sound.error());
  }
  const Editor editor = editor_of(context.caller());
  const Document document{.summary = {.slug = request.slug(),
                                      .title = request.title(),
                                      .pushed_by = editor.username,
                                      .pushed_at = clock_.now()},
                          .body = request.body()};
  if (const auto pushed = documents_.push(document, editor); !pushed) {
    return std::unexpected(pushed.error());
  }
  v1::Summary reply;
  put(document.summary, reply);
  return reply;
}

Result<Empty> DocumentService::DeleteDocument(const Context& context, const v1::DeleteDocumentRequest& request) {
  const auto removed = documents_.remove(request.slug(), editor_of(context.caller()));
  if (removed) {
    attachments_.unlink_discarded();
  }
  return nothing(removed);
}

Result<Empty> DocumentService::MarkRead(const Context& /*context*/, const v1::MarkRequest& request) {
  return nothing(documents_.mark(request.slug(), true));
}

Result<Empty> DocumentService::MarkUnread(const Context& /*context*/, const v1::MarkRequest& request) {
  return nothing(documents_.mark(request.slug(), false));
}

Result<v1::LoginReply> AuthService::Login(const Context& context, const v1::LoginRequest& request) {
  mcdsl::auth::Credentials credentials{.username = request.username(), .password = mcdsl::Secret(request.password())};
  if (!request.totp_code().empty()) {
    credentials.totp_code = mcdsl::Secret(request.totp_code());
  }
  const auto session = authenticator_.login(credentials, context.time_left());
  if (!session) {
    return std::unexpected(session.error());
  }
  context.add_header("cache-control", "no-store");
  v1::LoginReply reply;
  reply.set_token(std::string(session->token.reveal()));
  *reply.mutable_expires_at() = to_proto(session->expires_at);
  return reply;
}

Result<Empty> AuthService::Logout(const Context& context, const Empty& /*request*/) {
  const auto token = context.bearer_token();
  return token ? nothing(authenticator_.logout(*token, context.time_left()))
               : mcdsl::fail(Code::unauthenticated, "logout without a token");
}

Result<v1::Statistics> AdminService::GetStatistics(const Context& /*context*/,
                                                   const v1::GetStatisticsRequest& /*request*/) {
  return database_.read([](mcdsl::db::ReadTransaction& transaction) -> Result<v1::Statistics> {
    v1::Statistics reply;
    reply.set_documents(transaction.query_one<std::int64_t>("SELECT count(*) FROM documents").value_or(0));
    reply.set_unread(transaction.query_one<std::int64_t>("SELECT count(*) FROM documents WHERE read = 0").value_or(0));
    reply.set_attachments(transaction.query_one<std::int64_t>("SELECT count(*) FROM attachments").value_or(0));
    reply.set_attachment_bytes(
        transaction.query_one<std::int64_t>("SELECT coalesce(sum(size), 0) FROM attachments").value_or(0));
    return reply;
  });
}

}  // namespace mcq
