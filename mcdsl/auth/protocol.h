#pragma once

#include <string_view>

/// Every path and field name of the MCIAS protocol, for its client and its server. A difference found between this and
/// a server is a change of one line here.
namespace mcdsl::auth::protocol {

// Paths.
inline constexpr std::string_view kLoginPath = "/v1/auth/login";         // POST Credentials -> Session
inline constexpr std::string_view kLogoutPath = "/v1/auth/logout";       // POST, bearer -> 204
inline constexpr std::string_view kRenewPath = "/v1/auth/renew";         // POST, bearer -> Session
inline constexpr std::string_view kValidatePath = "/v1/token/validate";  // POST, bearer or {token} -> Validation
inline constexpr std::string_view kPublicKeyPath = "/v1/keys/public";    // GET -> a JWK (RFC 7517)
inline constexpr std::string_view kHealthPath = "/v1/health";            // GET -> {status: "ok"}
inline constexpr std::string_view kSsoAuthorizePath = "/sso/authorize";  // GET, a login page -> 302
inline constexpr std::string_view kSsoTokenPath = "/v1/sso/token";       // POST code -> Session

// Credentials: what a login sends.
inline constexpr std::string_view kUsername = "username";
inline constexpr std::string_view kPassword = "password";
inline constexpr std::string_view kTotpCode = "totp_code";
inline constexpr std::string_view kServiceName = "service_name";
inline constexpr std::string_view kTags = "tags";

// Session: the answer to a login, a renewal and an SSO code.
inline constexpr std::string_view kToken = "token";
inline constexpr std::string_view kExpiresAt = "expires_at";  // RFC 3339, UTC

// Validation: whether a token is good, and whose it is. kUsername and kExpiresAt are in it too.
inline constexpr std::string_view kValid = "valid";
inline constexpr std::string_view kSubject = "subject";
inline constexpr std::string_view kAccountType = "account_type";
inline constexpr std::string_view kRoles = "roles";

// Claims of a token beside kUsername, kAccountType and kRoles (RFC 7519 §4.1).
inline constexpr std::string_view kSubjectClaim = "sub";
inline constexpr std::string_view kIssuedAtClaim = "iat";
inline constexpr std::string_view kExpiresAtClaim = "exp";
inline constexpr std::string_view kTokenIdClaim = "jti";
inline constexpr std::string_view kIssuerClaim = "iss";

// Health.
inline constexpr std::string_view kStatus = "status";
inline constexpr std::string_view kStatusOk = "ok";

// An error answer.
inline constexpr std::string_view kError = "error";
inline constexpr std::string_view kErrorCode = "code";

// SSO: the query of kSsoAuthorizePath and the body of kSsoTokenPath (RFC 6749 §4.1, RFC 7636 §4).
inline constexpr std::string_view kClientId = "client_id";
inline constexpr std::string_view kRedirectUri = "redirect_uri";
inline constexpr std::string_view kState = "state";
inline constexpr std::string_view kCode = "code";
inline constexpr std::string_view kCodeChallenge = "code_challenge";
inline constexpr std::string_view kCodeChallengeMethod = "code_challenge_method";
inline constexpr std::string_view kCodeChallengeMethodS256 = "S256";
inline constexpr std::string_view kCodeVerifier = "code_verifier";

// Words.
inline constexpr std::string_view kAdminRole = "admin";  // full access; nothing else makes an administrator
inline constexpr std::string_view kUserRole = "user";
inline constexpr std::string_view kGuestRole = "guest";
inline constexpr std::string_view kHumanAccount = "human";
inline constexpr std::string_view kSystemAccount = "system";

}  // namespace mcdsl::auth::protocol
