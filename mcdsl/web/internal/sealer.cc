#include "mcdsl/web/internal/sealer.h"

#include "mcdsl/base/bytes.h"
#include "mcdsl/crypto/seal.h"

namespace mcdsl::web::internal {

std::string Sealer::seal(std::string_view text) const {
  return base64url_encode(crypto::seal(keys_.keys()->current.seal_key(purpose_), text, purpose_));
}

std::optional<Secret> Sealer::open(std::string_view value) const {
  const auto sealed = base64url_decode(value);
  if (!sealed) {
    return std::nullopt;
  }
  return keys_.find([&](const csrf::Key& key) { return crypto::open(key.seal_key(purpose_), *sealed, purpose_); });
}

}  // namespace mcdsl::web::internal
