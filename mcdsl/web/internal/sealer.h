#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "mcdsl/base/secret.h"
#include "mcdsl/csrf/keys.h"

namespace mcdsl::web::internal {

/// Makes text into the value of a cookie that its bearer can neither read nor change, and nobody else make.
/// Threads: const methods are safe from any. Lifetime: the keys outlive it.
class Sealer {
 public:
  /// `purpose` is what the cookie is for: one for another purpose, or of another service that shares the keys, does not
  /// open.
  Sealer(const csrf::KeyFile& keys, std::string purpose) : keys_(keys), purpose_(std::move(purpose)) {}

  [[nodiscard]] std::string seal(std::string_view text) const;
  [[nodiscard]] std::optional<Secret> open(std::string_view value) const;

 private:
  const csrf::KeyFile& keys_;
  std::string purpose_;
};

}  // namespace mcdsl::web::internal
