#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/auth/authenticator.h"
#include "mcdsl/auth/caller.h"
#include "mcdsl/base/error.h"
#include "mcdsl/base/secret.h"
#include "mcdsl/json/decode.h"

/// What an identity service reads and writes (the field names are protocol.h's): the other side of the Authenticator.
/// For `mcias-dev` and for `testing::FakeMcias`.
namespace mcdsl::auth {

/// The body of a login: who, and to which service. Read it with `json::decode<LoginRequest>`.
struct LoginRequest {
  std::string username;
  Secret password;
  std::optional<Secret> totp_code;
  std::string service_name;  ///< required: a policy by service could be passed by where it may be left out
  std::vector<std::string> tags;

  void bind(json::Fields& fields);
};

/// The body of a validation whose token does not come in `Authorization`.
struct ValidationRequest {
  Secret token;

  void bind(json::Fields& fields);
};

/// The answer to a login and a renewal. It holds the token: never log it.
[[nodiscard]] std::string encode_session(const Session& session);

/// The answer to a validation: `{"valid": false}` for null.
[[nodiscard]] std::string encode_validation(const Caller* caller);

/// An error answer: `{"error": "wrong user name or password", "code": "unauthenticated"}`.
[[nodiscard]] std::string encode_error(std::string_view public_text, std::string_view code);

}  // namespace mcdsl::auth
