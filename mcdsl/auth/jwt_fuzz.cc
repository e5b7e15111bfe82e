// Bytes from strangers as tokens and as keys: nothing may crash, throw, or pass for signed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mcdsl/auth/access.h"
#include "mcdsl/auth/jwk.h"
#include "mcdsl/auth/jwt.h"

namespace {

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mcdsl::auth;
  static const auto key = mcdsl::crypto::Ed25519PrivateKey::generate();
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  if (const auto jwt = Jwt::parse(text)) {
    require(size <= kMaxTokenBytes);
    require(!jwt->verify(key.public_key()));
  }
  if (const auto jwk = decode_jwk(text)) {
    require(decode_jwk(encode_jwk(*jwk)) == *jwk);
  }
  if (const auto access = Access::parse(text)) {
    require(Access::parse(access->to_string()) == *access);
  }
  return 0;
}
