#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/config/binder.h"

/// Network addresses as they are written in a configuration.
namespace mcdsl::config::internal {

/// What is wrong with a text of this format, to follow a quotation of it: "is not host:port: …". Empty texts are the
/// business of `require`.
[[nodiscard]] std::optional<std::string> problem_with(Format format, std::string_view text);

/// The same for an address to listen on, where the host may be missing and a Unix socket is welcome.
[[nodiscard]] std::optional<std::string> problem_with_listen_address(std::string_view text);

[[nodiscard]] bool is_port(std::string_view text);
[[nodiscard]] bool is_unix_socket(std::string_view address);

/// The host of "host:port" as it is written (with the brackets of an IPv6 address); the text has to be well-formed.
[[nodiscard]] std::string_view host_of(std::string_view address);

/// Whether only this machine reaches it: 127.0.0.0/8, ::1, localhost, a Unix socket.
[[nodiscard]] bool is_local(std::string_view address);

/// Whether a URL sends what it carries over the network in plain text.
[[nodiscard]] bool is_plain_remote_url(std::string_view url);

}  // namespace mcdsl::config::internal
