#include "tools/mcias-dev/config.h"

#include <algorithm>

#include "mcdsl/base/bytes.h"
#include "mcdsl/config/config.h"

namespace mcias {

using namespace std::chrono_literals;

void PolicyRule::bind(mcdsl::config::Binder& b) {
  b.field("name", name, {.doc = "What the rule is called in the log."});
  b.choice("effect", effect, {{"deny", Effect::deny}}, {.doc = "What the rule does: it keeps logins out."});
  b.field("roles", roles, {.doc = "Accounts with one of these roles; empty: any."});
  b.field("accounts", accounts, {.doc = "One of these user names; empty: any."});
  b.field("services", services, {.doc = "Logins to one of these services (their mcias.service_name); empty: any."});
  b.field("tags", tags, {.doc = "Logins to a service with one of these tags (its mcias.tags); empty: any."});
  b.check([this](const mcdsl::config::Refuse& refuse) {
    if (const auto found = mistake()) {
      refuse(found->key, found->what);
    }
  });
}

void IdentitySettings::bind(mcdsl::config::Binder& b) {
  b.field("issuer", issuer, {.doc = "The claim `iss` of every token."});
  b.field("token_lifetime", token_lifetime,
          {.doc = "How long the token of a login lasts.", .min = 1min, .max = 30 * 24h});
  b.field("system_token_lifetime", system_token_lifetime,
          {.doc = "How long a token lasts that `token issue` prints.", .min = 1min, .max = 10 * 365 * 24h});
  b.field("key_file", key_file,
          {.doc = "The Ed25519 key that signs tokens (PKCS #8, PEM, mode 0600); made at the first start. Empty: "
                  "signing-key.pem beside the database."});
  b.field("argon2_memory_kib", argon2_memory_kib,
          {.doc = "Memory of one password hash. Hashes made earlier keep their own cost.", .min = 8, .max = 1 << 21});
  b.field("argon2_iterations", argon2_iterations, {.doc = "Passes of one password hash.", .min = 1, .max = 100});
  b.field("argon2_parallelism", argon2_parallelism, {.doc = "Lanes of one password hash.", .min = 1, .max = 16});
  b.field("argon2_running", argon2_running,
          {.doc = "Passwords that are verified at once: so many cores, and so many times the memory of a hash, can a "
                  "flood of logins take.",
           .min = 1,
           .max = 256});
  b.field("argon2_waiting", argon2_waiting,
          {.doc = "Logins that may wait for it; further ones are answered with 503.", .min = 0, .max = 1000});
  b.field("max_failures_per_username", max_failures_per_username,
          {.doc = "Failed logins of one user name within failure_window; past it 429.", .min = 1, .max = 1000});
  b.field("max_failures_per_address", max_failures_per_address,
          {.doc = "Failed logins from one address within failure_window. A service that forwards its users' logins is "
                  "one address.",
           .min = 1,
           .max = 100'000});
  b.field("failure_window", failure_window, {.doc = "How long a failed login counts.", .min = 1s, .max = 24h});
}

HashingCost IdentitySettings::hashing_cost() const {
  return {.memory_kib = static_cast<std::uint32_t>(argon2_memory_kib),
          .iterations = static_cast<std::uint32_t>(argon2_iterations),
          .parallelism = static_cast<std::uint32_t>(argon2_parallelism)};
}

HashingBounds IdentitySettings::hashing_bounds() const {
  return {.running = static_cast<unsigned>(argon2_running), .waiting = static_cast<unsigned>(argon2_waiting)};
}

FailureLimit IdentitySettings::failures_per_username() const {
  return {.failures = static_cast<std::size_t>(max_failures_per_username), .window = failure_window};
}

FailureLimit IdentitySettings::failures_per_address() const {
  return {.failures = static_cast<std::size_t>(max_failures_per_address), .window = failure_window};
}

void Config::bind(mcdsl::config::Binder& b) {
  Standard::bind(b);
  b.section("identity", identity, "Accounts, tokens and what a login may cost.");
  b.tables("policy", policy, "Logins to keep out. The first rule that matches is named in the log; admins pass all.");
  b.tables("sso_clients", sso_clients,
           "Services whose users log in on a page of this server. Without any there are no such pages.");
  b.require("database.path");
  b.check([this](const mcdsl::config::Refuse& refuse) {
    for (auto client = sso_clients.begin(); client != sso_clients.end(); ++client) {
      if (std::find_if(sso_clients.begin(), client,
                       [&](const SsoClient& other) { return other.client_id == client->client_id; }) != client) {
        refuse("sso_clients", "has two with the client_id \"" + mcdsl::printable(client->client_id) + '"');
      }
    }
  });
}

std::filesystem::path Config::web_key_file() const {
  return web.key_file.empty() ? database.path.parent_path() / "web.keys" : web.key_file;
}

std::filesystem::path Config::signing_key_file() const {
  return identity.key_file.empty() ? database.path.parent_path() / "signing-key.pem" : identity.key_file;
}

}  // namespace mcias
