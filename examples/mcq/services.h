#pragma once

#include "attachments.h"
#include "documents.h"
#include "mcdsl/auth/authenticator.h"
#include "mcdsl/base/clock.h"
#include "mcq/v1/mcq.mcdsl.h"

namespace mcq {

// The services of mcq.proto. Each method is called from several threads at once. Lifetime: everything given outlives
// them.

class DocumentService final : public v1::DocumentServiceBase {
 public:
  using Context = mcdsl::grpcserver::Context;
  template <class T>
  using Result = mcdsl::Result<T>;
  using Empty = google::protobuf::Empty;

  DocumentService(const Documents& documents, const Attachments& attachments, const mcdsl::Clock& clock)
      : documents_(documents), attachments_(attachments), clock_(clock) {}

  Result<v1::ListDocumentsReply> ListDocuments(const Context& context,
                                               const v1::ListDocumentsRequest& request) override;
  Result<v1::Document> GetDocument(const Context& context, const v1::GetDocumentRequest& request) override;
  Result<v1::Summary> PushDocument(const Context& context, const v1::PushDocumentRequest& request) override;
  Result<Empty> DeleteDocument(const Context& context, const v1::DeleteDocumentRequest& request) override;
  Result<Empty> MarkRead(const Context& context, const v1::MarkRequest& request) override;
  Result<Empty> MarkUnread(const Context& context, const v1::MarkRequest& request) override;

 private:
  const Documents& documents_;
  const Attachments& attachments_;
  const mcdsl::Clock& clock_;
};

class AuthService final : public v1::AuthServiceBase {
 public:
  explicit AuthService(const mcdsl::auth::Authenticator& authenticator) : authenticator_(authenticator) {}

  mcdsl::Result<v1::LoginReply> Login(const mcdsl::grpcserver::Context& context,
                                      const v1::LoginRequest& request) override;
  mcdsl::Result<google::protobuf::Empty> Logout(const mcdsl::grpcserver::Context& context,
                                                const google::protobuf::Empty& request) override;

 private:
  const mcdsl::auth::Authenticator& authenticator_;
};

class AdminService final : public v1::AdminServiceBase {
 public:
  explicit AdminService(const mcdsl::db::Database& database) : database_(database) {}

  mcdsl::Result<v1::Statistics> GetStatistics(const mcdsl::grpcserver::Context& context,
                                              const v1::GetStatisticsRequest& request) override;

 private:
  const mcdsl::db::Database& database_;
};

}  // namespace mcq
