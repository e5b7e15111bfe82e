#include "tools/mcias-dev/signing_key.h"

#include <utility>

#include <sys/stat.h>

#include "mcdsl/base/file.h"
#include "mcdsl/crypto/digest.h"

namespace mcias {
namespace {

using mcdsl::Code;
using mcdsl::Exception;
using mcdsl::Secret;
using mcdsl::crypto::Ed25519PrivateKey;

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

// Leaves a key at `path`, ours or that of another process which was faster. A hard link, unlike a rename, never takes
// the place of a file that is there.
void create(const std::filesystem::path& path) {
  const std::filesystem::path draft = path.string() + ".new-" + mcdsl::crypto::random_uuid();
  mcdsl::write_file_atomically(draft, Ed25519PrivateKey::generate().to_pem().reveal(), 0600);
  std::error_code error;
  std::filesystem::create_hard_link(draft, path, error);
  std::error_code ignored;
  std::filesystem::remove(draft, ignored);
  if (error && error != std::errc::file_exists) {
    throw Exception(Code::internal, "create the signing key " + path.string() + ": " + error.message());
  }
}

void refuse_if_others_may_read(const std::filesystem::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & kOthers) != 0) {
    throw Exception(Code::failed_precondition, "the signing key " + path.string() +
                                                   " is open to others: chmod 600 it, or replace it if it was seen");
  }
}

}  // namespace

SigningKey SigningKey::load_or_create(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) {
    create(path);
  }
  refuse_if_others_may_read(path);
  const Secret pem(mcdsl::value_or_throw(mcdsl::read_file(path)));
  auto key = Ed25519PrivateKey::from_pem(pem);
  if (!key) {
    throw Exception(key.error().wrap("the signing key " + path.string()));
  }
  return SigningKey(*std::move(key));
}

SigningKey::SigningKey(Ed25519PrivateKey key)
    : key_(std::move(key)), jwk_{.key_id = mcdsl::auth::jwk_thumbprint(key_.public_key()), .key = key_.public_key()} {}

Secret SigningKey::issue(const mcdsl::auth::Claims& claims) const {
  return mcdsl::auth::encode_jwt(claims, jwk_.key_id, key_);
}

mcdsl::Result<mcdsl::auth::Claims> SigningKey::verify(std::string_view token) const {
  const auto jwt = mcdsl::auth::Jwt::parse(token);
  if (!jwt) {
    return mcdsl::fail(jwt.error());
  }
  return jwt->verify(jwk_.key);
}

}  // namespace mcias
