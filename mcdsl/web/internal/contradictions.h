#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mcdsl/config/standard.h"

namespace mcdsl::web::internal {

/// What in a configuration would keep people from logging in without a word: cookies that browsers drop because the
/// service is reached without TLS, a redirect to where nobody listens. One line each, with what to do about it.
[[nodiscard]] std::vector<std::string> contradictions(const config::Standard& config);

/// `web.key_file`, or its default beside the database.
[[nodiscard]] std::filesystem::path key_file(const config::Standard& config);

/// `sso.client_id`, or `mcias.service_name`.
[[nodiscard]] const std::string& client_id(const config::Standard& config) noexcept;

}  // namespace mcdsl::web::internal
