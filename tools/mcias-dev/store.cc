#include "tools/mcias-dev/store.h"

#include <array>
#include <cstdint>
#include <ranges>
#include <utility>

#include "mcdsl/base/bytes.h"
#include "mcdsl/db/row.h"
#include "mcdsl/db/transaction.h"

namespace mcias {
namespace {

using mcdsl::Code;
using mcdsl::fail;
using mcdsl::fail_visible;
using mcdsl::Result;
using mcdsl::auth::AccountType;
using mcdsl::db::ReadTransaction;
using mcdsl::db::WriteTransaction;

// Roles are stored in one column, separated by spaces: they are always read and written as a whole.
constexpr std::array kMigrations{mcdsl::db::Migration{.version = 1, .name = "create_accounts_and_tokens", .sql = R"(
CREATE TABLE accounts (
  id TEXT PRIMARY KEY NOT NULL,
  username TEXT NOT NULL UNIQUE,
  account_type TEXT NOT NULL CHECK (account_type IN ('human', 'system')),
  roles TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  revision INTEGER NOT NULL DEFAULT 0,
  CHECK (account_type = 'human' OR (roles = '' AND password_hash = ''))
);
CREATE TABLE tokens (
  id TEXT PRIMARY KEY NOT NULL,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL
);
CREATE INDEX tokens_by_account ON tokens (account_id);
CREATE INDEX tokens_by_expiry ON tokens (expires_at);
)"},
                                 // SSO codes stand here as digests: who reads the database can use none.
                                 mcdsl::db::Migration{.version = 2, .name = "create_totp_and_sso_codes", .sql = R"(
CREATE TABLE totp (
  account_id TEXT PRIMARY KEY NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  secret TEXT NOT NULL,
  last_step INTEGER NOT NULL
);
CREATE TABLE sso_codes (
  code_sha256 TEXT PRIMARY KEY NOT NULL,
  username TEXT NOT NULL,
  revision INTEGER NOT NULL,
  client_id TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  code_challenge TEXT NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE INDEX sso_codes_by_expiry ON sso_codes (expires_at);
)"}};

std::string join(const std::vector<std::string>& roles) {
  std::string text;
  for (const auto& role : roles) {
    text.append(text.empty() ? "" : " ").append(role);
  }
  return text;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> roles;
  for (const auto& word : std::views::split(text, ' ')) {
    if (!word.empty()) {
      roles.emplace_back(word.begin(), word.end());
    }
  }
  return roles;
}

// The accounts that a clause picks, as AccountRow reads them.
std::string select_accounts(std::string_view clause) {
  return "SELECT a.id, a.username, a.account_type, a.roles, a.password_hash, a.disabled, a.created_at, a.revision "
         "FROM accounts a " +
         std::string(clause);
}

struct AccountRow {
  Account account;

  void bind(mcdsl::db::Row& row) {
    std::string type;
    std::string roles;
    row.into(account.id, account.username, type, roles, account.password_hash, account.disabled, account.created_at,
             account.revision);
    account.type = mcdsl::auth::parse_account_type(type).value();  // the table admits no other
    account.roles = split(roles);
  }
};

struct TotpRow {
  mcdsl::Secret secret;
  std::int64_t last_step = 0;

  void bind(mcdsl::db::Row& row) {
    std::string text;
    row.into(text, last_step);
    secret = mcdsl::Secret(std::move(text));
  }
};

std::optional<Account> account_of(std::optional<AccountRow> row) {
  return row ? std::optional(std::move(row->account)) : std::nullopt;
}

std::optional<Account> find_account(ReadTransaction& tx, std::string_view username) {
  return account_of(tx.query_one<AccountRow>(select_accounts("WHERE a.username = ?1"), username));
}

Result<Account> require_account(ReadTransaction& tx, std::string_view username) {
  auto account = find_account(tx, username);
  if (!account) {
    return fail_visible(Code::not_found, "there is no account \"" + std::string(username) + "\"");
  }
  return *std::move(account);
}

// Writes what may change of an account, and revokes its tokens.
Result<void> update(WriteTransaction& tx, const Account& account) {
  const auto updated = tx.execute(
      "UPDATE accounts SET roles = ?2, password_hash = ?3, disabled = ?4, revision = revision + 1 WHERE id = ?1",
      account.id, join(account.roles), account.password_hash, account.disabled);
  if (!updated) {
    return fail(updated.error());
  }
  const auto revoked = tx.execute("DELETE FROM tokens WHERE account_id = ?1", account.id);
  return revoked ? Result<void>() : fail(revoked.error());
}

Result<void> insert_token(WriteTransaction& tx, std::string_view account_id, const TokenRecord& token) {
  const auto inserted = tx.execute("INSERT INTO tokens (id, account_id, expires_at) VALUES (?1, ?2, ?3)", token.id,
                                   account_id, token.expires_at);
  return inserted ? Result<void>() : fail(inserted.error());
}

}  // namespace

std::span<const mcdsl::db::Migration> migrations() {
  return kMigrations;
}

std::optional<Account> Store::find(std::string_view username) const {
  return database_.read([&](ReadTransaction& tx) { return find_account(tx, username); });
}

std::vector<Account> Store::list() const {
  return database_.read([](ReadTransaction& tx) {
    std::vector<Account> accounts;
    tx.for_each<AccountRow>(select_accounts("ORDER BY a.username"),
                            [&](AccountRow row) { accounts.push_back(std::move(row.account)); });
    return accounts;
  });
}

Result<void> Store::add(const Account& account) const {
  return database_.write([&](WriteTransaction& tx) -> Result<void> {
    const auto inserted = tx.execute(
        "INSERT INTO accounts (id, username, account_type, roles, password_hash, disabled, created_at, revision) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        account.id, account.username, mcdsl::auth::name(account.type), join(account.roles), account.password_hash,
        account.disabled, account.created_at, account.revision);
    if (inserted) {
      return {};
    }
    return inserted.error().code() == Code::already_exists
               ? fail_visible(Code::already_exists, "there is an account \"" + account.username + "\" already")
               : fail(inserted.error());
  });
}

Result<void> Store::set_password(std::string_view username, std::string_view password_hash) const {
  return database_.write([&](WriteTransaction& tx) -> Result<void> {
    auto account = require_account(tx, username);
    if (!account) {
      return fail(account.error());
    }
    if (account->type == AccountType::system) {
      return fail_visible(Code::failed_precondition, "a system account has no password");
    }
    account->password_hash = password_hash;
    return update(tx, *account);
  });
}

Result<void> Store::set_roles(std::string_view username, const std::vector<std::string>& roles) const {
  return database_.write([&](WriteTransaction& tx) -> Result<void> {
    auto account = require_account(tx, username);
    if (!account) {
      return fail(account.error());
    }
    if (const auto allowed = check_roles(account->type, roles); !allowed) {
      return allowed;
    }
    account->roles = roles;
    return update(tx, *account);
  });
}

Result<void> Store::set_disabled(std::string_view username, bool disabled) const {
  return database_.write([&](WriteTransaction& tx) -> Result<void> {
    auto account = require_account(tx, username);
    if (!account) {
      return fail(account.error());
    }
    account->disabled = disabled;
    return update(tx, *account);
  });
}

std::optional<Totp> Store::totp_of(std::string_view account_id) const {
  const auto row = database_.read([&](ReadTransaction& tx) {
    return tx.query_one<TotpRow>("SELECT secret, last_step FROM totp WHERE account_id = ?1", account_id);
  });
  if (!row) {
    return std::nullopt;
  }
  auto secret = mcdsl::base64url_decode(row->secret.reveal());
  if (!secret) {
    throw mcdsl::Exception(Code::data_loss, "the TOTP secret of account " + std::string(account_id) + " is damaged");
  }
  return Totp{.secret = mcdsl::Secret(*std::move(secret)), .last_step = row->last_step};
}

Result<void> Store::set_totp(std::string_view username, const Totp& totp) const {
  return database_.write([&](WriteTransaction& tx) -> Result<void> {
    const auto account = require_account(tx, username);
    if (!account) {
      return fail(account.error());
    }
    if (account->type == AccountType::system) {
      return fail_visible(Code::failed_precondition, "a system account logs in nowhere: it needs no second factor");
    }
    const auto stored = tx.execute(
        "INSERT INTO totp (account_id, secret, last_step) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (account_id) DO UPDATE SET secret = excluded.secret, last_step = excluded.last_step",
        account->id, mcdsl::base64url_encode(totp.secret.reveal()), totp.last_step);
    return stored ? update(tx, *account) : fail(stored.error());
  });
}

Result<void> Store::remove_totp(std::string_view username) const {
  return database_.write([&](WriteTransaction& tx) -> Result<void> {
    const auto account = require_account(tx, username);
    if (!account) {
      return fail(account.error());
    }
    const auto removed = tx.execute("DELETE FROM totp WHERE account_id = ?1", account->id);
    if (!removed) {
      return fail(removed.error());
    }
    return *removed > 0 ? update(tx, *account)
                        : fail_visible(Code::failed_precondition, account->username + " has no second factor");
  });
}

Result<bool> Store::use_totp_step(std::string_view account_id, std::int64_t step) const {
  return database_.write([&](WriteTransaction& tx) -> Result<bool> {
    const auto used =
        tx.execute("UPDATE totp SET last_step = ?2 WHERE account_id = ?1 AND last_step < ?2", account_id, step);
    return used ? Result<bool>(*used > 0) : fail(used.error());
  });
}

Result<void> Store::add_token(const Account& account, const TokenRecord& token) const {
  return database_.write([&](WriteTransaction& tx) -> Result<void> {
    const bool is_as_read = tx.query_one<std::int64_t>("SELECT 1 FROM accounts WHERE id = ?1 AND revision = ?2",
                                                       account.id, account.revision)
                                .has_value();
    if (!is_as_read) {
      return fail_visible(Code::aborted, "the account was changed meanwhile, try again");
    }
    if (const auto pruned = tx.execute("DELETE FROM tokens WHERE expires_at <= ?1", clock_.now()); !pruned) {
      return fail(pruned.error());
    }
    return insert_token(tx, account.id, token);
  });
}

std::optional<Account> Store::owner_of(std::string_view token_id) const {
  return database_.read([&](ReadTransaction& tx) {
    return account_of(
        tx.query_one<AccountRow>(select_accounts("JOIN tokens t ON t.account_id = a.id "
                                                 "WHERE t.id = ?1 AND t.expires_at > ?2 AND a.disabled = 0"),
                                 token_id, clock_.now()));
  });
}

Result<bool> Store::replace_token(std::string_view old_id, const TokenRecord& token) const {
  return database_.write([&](WriteTransaction& tx) -> Result<bool> {
    const auto owner =
        tx.execute_returning<std::string>("DELETE FROM tokens WHERE id = ?1 RETURNING account_id", old_id);
    if (!owner) {
      return fail(owner.error());
    }
    if (owner->empty()) {
      return false;
    }
    const auto inserted = insert_token(tx, owner->front(), token);
    return inserted ? Result<bool>(true) : fail(inserted.error());
  });
}

Result<bool> Store::revoke(std::string_view token_id) const {
  return database_.write([&](WriteTransaction& tx) -> Result<bool> {
    const auto deleted = tx.execute("DELETE FROM tokens WHERE id = ?1", token_id);
    return deleted ? Result<bool>(*deleted > 0) : fail(deleted.error());
  });
}

}  // namespace mcias
