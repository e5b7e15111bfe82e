#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mcdsl::http {

/// The request methods a server answers (RFC 9110 §9, RFC 5789). CONNECT and TRACE are refused with 501 (not
/// implemented) by the protocol layer, as are unknown ones.
enum class Method : std::uint8_t { get, head, post, put, patch, delete_, options };

inline constexpr std::array<std::string_view, 7> kMethodNames{"GET",   "HEAD",   "POST",   "PUT",
                                                              "PATCH", "DELETE", "OPTIONS"};

[[nodiscard]] constexpr std::string_view name(Method method) noexcept {
  return kMethodNames[static_cast<std::size_t>(method)];
}

/// Methods are case-sensitive (RFC 9110 §9.1). nullopt for one that is not in the list.
[[nodiscard]] constexpr std::optional<Method> parse_method(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kMethodNames.size(); ++i) {
    if (kMethodNames[i] == text) {
      return static_cast<Method>(i);
    }
  }
  return std::nullopt;
}

/// A method that asks for nothing to change (RFC 9110 §9.2.1).
[[nodiscard]] constexpr bool is_safe(Method method) noexcept {
  return method == Method::get || method == Method::head || method == Method::options;
}

}  // namespace mcdsl::http
