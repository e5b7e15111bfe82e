#pragma once

#include <string_view>

namespace mcdsl::http {

/// The Content-Type of a file by the ending of its name, without case; application/octet-stream where it says nothing.
[[nodiscard]] std::string_view content_type_of(std::string_view file_name) noexcept;

/// Whether a media type (without parameters) is one that packs well.
[[nodiscard]] bool is_text_like(std::string_view media_type) noexcept;

}  // namespace mcdsl::http
