#include "mcdsl/net/internal/certificate_check.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <memory>
#include <string_view>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "mcdsl/base/time.h"

namespace mcdsl::net {
namespace {

using Findings = std::vector<CertificateFinding>;
using Level = log::Level;

constexpr auto kEndsSoon = std::chrono::days(14);
constexpr auto kRenew = "renew it (mcdsl ca renew, or at its authority); the service takes the new pair by itself";
constexpr auto kReissue =
    "have one issued for servers, with every public name and a key on P-256 (mcdsl ca issue, or at its authority)";
constexpr int kSecurityBits = 112;  // RSA of 2048 bits (NIST SP 800-57 part 1, table 2)

std::string name_of(const X509_NAME* name) {
  std::array<char, 256> text{};
  X509_NAME_oneline(name, text.data(), static_cast<int>(text.size()));
  return text.data();
}

bool is_self_issued(X509* certificate) {
  return X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(certificate)) == 0;
}

// Whether the machine's own trust store can complete a chain of one certificate.
bool is_issued_by_a_trusted_root(X509* leaf) {
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), X509_STORE_free);
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(X509_STORE_CTX_new(),
                                                                                X509_STORE_CTX_free);
  if (!store || !context || X509_STORE_set_default_paths(store.get()) != 1 ||
      X509_STORE_CTX_init(context.get(), store.get(), leaf, nullptr) != 1) {
    return false;
  }
  X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_NO_CHECK_TIME);
  const bool trusted = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  return trusted;
}

bool has_host_name(X509* leaf) {
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr)), GENERAL_NAMES_free);
  return names && sk_GENERAL_NAME_num(names.get()) > 0;
}

// By the subjectAltName alone, as clients do (RFC 9525 §2).
bool names(X509* leaf, const std::string& name) {
  return X509_check_host(leaf, name.data(), name.size(), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) == 1 ||
         X509_check_ip_asc(leaf, name.c_str(), 0) == 1;
}

std::string group_of(EVP_PKEY& key) {
  std::array<char, 64> name{};
  std::size_t length = 0;
  return EVP_PKEY_get_group_name(&key, name.data(), name.size(), &length) == 1 ? std::string(name.data(), length) : "";
}

void check_dates(X509* certificate, const std::string& file, Clock::WallTime now, Findings& findings) {
  const std::string subject = name_of(X509_get_subject_name(certificate));
  const auto begin = to_wall_time(X509_get0_notBefore(certificate));
  const auto end = to_wall_time(X509_get0_notAfter(certificate));
  if (end <= now) {
    findings.push_back({Level::error, file + "certificate " + subject + " expired at " + format_rfc3339(end), kRenew});
  } else if (begin > now) {
    findings.push_back(
        {Level::error, file + "certificate " + subject + " is not valid before " + format_rfc3339(begin),
         "set this machine's clock (timedatectl) if it is wrong; otherwise wait, or have it issued anew"});
  } else if (end <= now + kEndsSoon) {
    findings.push_back(
        {Level::warn, file + "certificate " + subject + " ends soon, at " + format_rfc3339(end), kRenew});
  }
}

void check_chain(const CertificateChain& chain, const std::string& file, Findings& findings) {
  X509* leaf = chain.front().get();
  if (chain.size() == 1 && !is_self_issued(leaf) && !is_issued_by_a_trusted_root(leaf)) {
    findings.push_back({Level::warn,
                        file + "holds the leaf only, without intermediates: a client that does not know " +
                            name_of(X509_get_issuer_name(leaf)) + " will refuse it; append the issuer's certificates",
                        "append the issuer's certificates to the file, behind the leaf"});
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (X509_check_issued(chain[i].get(), chain[i - 1].get()) != X509_V_OK) {
      findings.push_back({Level::error,
                          file + "certificate " + std::to_string(i + 1) + " did not issue certificate " +
                              std::to_string(i) + ": the chain is in the wrong order or incomplete",
                          "put the leaf first, then who issued it, then who issued that"});
    }
  }
}

void check_use(X509* leaf, const std::string& file, std::span<const std::string> public_names, Findings& findings) {
  if (!has_host_name(leaf)) {
    findings.push_back({Level::error, file + "names no host (subjectAltName is missing, RFC 9525 §2)", kReissue});
    return;
  }
  for (const std::string& name : public_names) {
    if (!names(leaf, name)) {
      findings.push_back(
          {Level::error, file + "does not name \"" + name + "\": clients that ask for it will refuse", kReissue});
    }
  }
  if (X509_check_purpose(leaf, X509_PURPOSE_SSL_SERVER, 0) != 1) {
    findings.push_back({Level::error,
                        file + "is not for servers (its extended key usage lacks serverAuth, RFC 5280 "
                               "§4.2.1.12): clients will refuse it",
                        kReissue});
  }
}

void check_key(EVP_PKEY& key, const std::string& file, Findings& findings) {
  const std::string type = EVP_PKEY_get0_type_name(&key);
  if (EVP_PKEY_get_security_bits(&key) < kSecurityBits) {
    findings.push_back({Level::error,
                        file + type + " key of " + std::to_string(EVP_PKEY_get_bits(&key)) +
                            " bits is too short: clients will refuse it; use RSA from 2048 bits, or EC",
                        kReissue});
  }
  if (group_of(key) == "secp521r1") {
    findings.push_back(
        {Level::warn, file + "key on P-521: some browsers refuse it; P-256 and P-384 work everywhere", kReissue});
  } else if (type.starts_with("ED")) {
    findings.push_back(
        {Level::info, file + type + " key: good for clients of your own, but browsers do not take it", kReissue});
  }
}

}  // namespace

std::string problem_with_key(EVP_PKEY& key) {
  const std::string type = EVP_PKEY_get0_type_name(&key);
  if (type == "EC") {
    constexpr std::array<std::string_view, 3> kGroups{"prime256v1", "secp384r1", "secp521r1"};
    const std::string group = group_of(key);
    return std::ranges::find(kGroups, group) != kGroups.end()
               ? ""
               : "TLS 1.3 knows no EC key on " + (group.empty() ? "a curve without a name" : group) +
                     ": use P-256 or P-384";
  }
  constexpr std::array<std::string_view, 4> kTypes{"RSA", "RSA-PSS", "ED25519", "ED448"};
  return std::ranges::find(kTypes, type) != kTypes.end() ? "" : "TLS 1.3 knows no key of type " + type;
}

std::vector<CertificateFinding> CertificateCheck::findings() const {
  constexpr auto kForOthers = std::filesystem::perms::others_read | std::filesystem::perms::others_write;
  const std::string file = certificate_path.string() + ": ";
  X509* leaf = chain.front().get();
  Findings findings;
  for (const auto& certificate : chain) {
    check_dates(certificate.get(), file, now, findings);
  }
  check_chain(chain, file, findings);
  check_use(leaf, file, public_names, findings);
  check_key(*X509_get0_pubkey(leaf), file, findings);
  if ((key_mode & kForOthers) != std::filesystem::perms::none) {
    findings.push_back({Level::warn,
                        key_path.string() + ": every account of this machine may read or change the key: chmod o-rw",
                        "chmod o-rw " + key_path.string()});
  }
  return findings;
}

Clock::WallTime to_wall_time(const ASN1_TIME* time) {
  std::tm calendar{};
  ASN1_TIME_to_tm(time, &calendar);
  return std::chrono::system_clock::from_time_t(::timegm(&calendar));
}

}  // namespace mcdsl::net
