#include "mcdsl/auth/server_messages.h"

#include <utility>

#include "mcdsl/auth/protocol.h"
#include "mcdsl/base/time.h"
#include "mcdsl/json/writer.h"

namespace mcdsl::auth {

void LoginRequest::bind(json::Fields& fields) {
  fields.required(protocol::kUsername, username);
  fields.required(protocol::kPassword, password);
  fields.optional(protocol::kTotpCode, totp_code);
  fields.required(protocol::kServiceName, service_name);
  fields.optional(protocol::kTags, tags);
}

void ValidationRequest::bind(json::Fields& fields) {
  fields.required(protocol::kToken, token);
}

std::string encode_session(const Session& session) {
  json::Writer out;
  out.begin_object()
      .field(protocol::kToken, session.token.reveal())
      .field(protocol::kExpiresAt, format_rfc3339(session.expires_at))
      .end_object();
  return std::move(out).take();
}

std::string encode_validation(const Caller* caller) {
  json::Writer out;
  out.begin_object().field(protocol::kValid, caller != nullptr);
  if (caller != nullptr) {
    out.field(protocol::kSubject, caller->subject)
        .field(protocol::kUsername, caller->username)
        .field(protocol::kAccountType, name(caller->account_type))
        .key(protocol::kRoles)
        .begin_array();
    for (const auto& role : caller->roles) {
      out.value(role);
    }
    out.end_array().field(protocol::kExpiresAt, format_rfc3339(caller->expires_at));
  }
  out.end_object();
  return std::move(out).take();
}

std::string encode_error(std::string_view public_text, std::string_view code) {
  json::Writer out;
  out.begin_object().field(protocol::kError, public_text).field(protocol::kErrorCode, code).end_object();
  return std::move(out).take();
}

}  // namespace mcdsl::auth
