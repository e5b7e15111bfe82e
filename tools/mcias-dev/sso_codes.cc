#include "tools/mcias-dev/sso_codes.h"

#include <chrono>
#include <cstddef>
#include <utility>

#include "mcdsl/base/bytes.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/db/row.h"
#include "mcdsl/db/transaction.h"

namespace mcias {
namespace {

using mcdsl::fail;
using mcdsl::Result;
using mcdsl::db::WriteTransaction;

constexpr std::chrono::seconds kLifetime{60};
constexpr std::size_t kCodeBytes = 32;

struct GrantRow {
  SsoGrant grant;
  mcdsl::Clock::WallTime expires_at{};

  void bind(mcdsl::db::Row& row) {
    row.into(grant.username, grant.revision, grant.client_id, grant.redirect_uri, grant.code_challenge, expires_at);
  }
};

std::string digest_of(std::string_view code) {
  return mcdsl::crypto::to_hex(mcdsl::crypto::sha256(code));
}

}  // namespace

Result<mcdsl::Secret> SsoCodes::issue(const SsoGrant& grant) const {
  mcdsl::Secret code(mcdsl::base64url_encode(mcdsl::crypto::random_bytes(kCodeBytes)));
  const auto stored = database_.write([&](WriteTransaction& tx) -> Result<void> {
    const auto now = clock_.now();
    if (const auto pruned = tx.execute("DELETE FROM sso_codes WHERE expires_at <= ?1", now); !pruned) {
      return fail(pruned.error());
    }
    const auto inserted = tx.execute(
        "INSERT INTO sso_codes (code_sha256, username, revision, client_id, redirect_uri, code_challenge, expires_at) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        digest_of(code.reveal()), grant.username, grant.revision, grant.client_id, grant.redirect_uri,
        grant.code_challenge, now + kLifetime);
    return inserted ? Result<void>() : fail(inserted.error());
  });
  if (!stored) {
    return fail(stored.error());
  }
  return code;
}

Result<std::optional<SsoGrant>> SsoCodes::take(std::string_view code) const {
  return database_.write([&](WriteTransaction& tx) -> Result<std::optional<SsoGrant>> {
    auto rows = tx.execute_returning<GrantRow>(
        "DELETE FROM sso_codes WHERE code_sha256 = ?1 "
        "RETURNING username, revision, client_id, redirect_uri, code_challenge, expires_at",
        digest_of(code));
    if (!rows) {
      return fail(rows.error());
    }
    if (rows->empty() || rows->front().expires_at <= clock_.now()) {
      return std::nullopt;
    }
    return std::move(rows->front().grant);
  });
}

}  // namespace mcias
