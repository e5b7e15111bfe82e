#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mcdsl {

/// What went wrong, in the canonical codes that gRPC defines (google.rpc.Code); the values are gRPC's numbers.
/// One table maps a code to its HTTP status and its name: `http_status()` and `name()`.
enum class Code : std::uint8_t {
  cancelled = 1,            ///< the caller went away
  unknown = 2,              ///< nothing better is known
  invalid_argument = 3,     ///< the request is wrong whatever the state of the system
  deadline_exceeded = 4,    ///< time ran out before the work was done
  not_found = 5,            ///< the thing named does not exist
  already_exists = 6,       ///< the thing to be created exists
  permission_denied = 7,    ///< the caller is known and may not do this
  resource_exhausted = 8,   ///< a limit is reached: rate, quota, queue
  failed_precondition = 9,  ///< the system is not in the state the request needs
  aborted = 10,             ///< a conflict with another request; trying the whole again may help
  out_of_range = 11,        ///< past the end of what is there
  unimplemented = 12,       ///< not offered here
  internal = 13,            ///< a bug
  unavailable = 14,         ///< a dependency is away; trying again later may help
  data_loss = 15,           ///< stored data is damaged
  unauthenticated = 16,     ///< who the caller is was not proven
};

/// The code's name as gRPC writes it, in lower case: "not_found".
[[nodiscard]] std::string_view name(Code code) noexcept;

/// The HTTP status (RFC 9110 §15) that a code is answered with.
[[nodiscard]] int http_status(Code code) noexcept;

/// Something about a failure that a client's program can read: a protobuf message, by its full name and serialised.
struct ErrorDetail {
  std::string type;  ///< "google.rpc.BadRequest"
  std::string bytes;
};

/// A failure: its code, a message for the operator, a text for the client, and what caused it.
///
/// The message goes to the log and may name paths, hosts and SQL. A client only ever sees `public_text()`, which is the
/// code's general sentence ("not found") unless a text was given for it. Neither may hold a secret.
/// Copying is cheap: the cause is shared and immutable.
class Error {
 public:
  Error(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  /// An error whose message may be shown to the client as it is.
  [[nodiscard]] static Error visible(Code code, std::string message);

  /// The same failure seen from one level higher: code and public text stay, `*this` becomes the cause.
  [[nodiscard]] Error wrap(std::string message) const;

  [[nodiscard]] Error with_public_text(std::string text) &&;
  [[nodiscard]] Error with_code(Code code) &&;
  /// Adds one; the client sees it where the protocol has a place for it (gRPC, Connect).
  [[nodiscard]] Error with_detail(ErrorDetail detail) &&;

  [[nodiscard]] Code code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] std::string_view public_text() const noexcept;
  [[nodiscard]] const Error* cause() const noexcept { return cause_.get(); }
  [[nodiscard]] const std::vector<ErrorDetail>& details() const noexcept;

  /// The whole chain on one line, outermost first: "start: open /srv/x.db: disk full". For logs, never for clients.
  [[nodiscard]] std::string to_string() const;

 private:
  Code code_;
  std::string message_;
  std::string public_text_;
  std::shared_ptr<const Error> cause_;
  std::shared_ptr<const std::vector<ErrorDetail>> details_;
};

/// An Error as an exception: for what only the operator or a bug can cause. `what()` is `error().to_string()`.
class Exception : public std::runtime_error {
 public:
  explicit Exception(Error error) : std::runtime_error(error.to_string()), error_(std::move(error)) {}
  Exception(Code code, std::string message) : Exception(Error(code, std::move(message))) {}

  [[nodiscard]] const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

/// "strerror(errno_value)" as text, safe from any thread: "No such file or directory".
[[nodiscard]] std::string errno_text(int errno_value);

}  // namespace mcdsl
