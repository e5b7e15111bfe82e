#include "mcdsl/net/certificate.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "mcdsl/base/time.h"
#include "mcdsl/net/internal/openssl.h"

namespace mcdsl::net {
namespace {

using WallTime = Clock::WallTime;
constexpr auto kEndsSoon = std::chrono::days(14);

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw Exception(Code::failed_precondition, "certificate: " + path.string() + ": " + why);
}

std::string read_pem(const std::filesystem::path& path) {
  auto text = read_file(path, std::size_t{1} << 20U);
  if (!text) {
    throw Exception(text.error().wrap("certificate"));
  }
  return *std::move(text);
}

OpensslPtr<BIO> memory_bio(const std::string& text) {
  return OpensslPtr<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::vector<OpensslPtr<X509>> read_chain(const std::filesystem::path& path) {
  const std::string text = read_pem(path);
  const auto bio = memory_bio(text);
  std::vector<OpensslPtr<X509>> chain;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    chain.emplace_back(certificate);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string errors = take_openssl_errors();
  if (chain.empty() || !at_end) {
    refuse(path, chain.empty() ? "holds no certificate in PEM" : "holds a damaged certificate (" + errors + ")");
  }
  return chain;
}

OpensslPtr<EVP_PKEY> read_key(const std::filesystem::path& path) {
  std::string text = read_pem(path);
  const auto bio = memory_bio(text);
  // An empty passphrase instead of OpenSSL's prompt on the terminal: an encrypted key is refused.
  std::string no_passphrase;
  OpensslPtr<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_passphrase.data()));
  const bool is_encrypted = text.contains("ENCRYPTED");  // in the label or the headers of the PEM (RFC 7468 §11)
  OPENSSL_cleanse(text.data(), text.size());
  const std::string errors = take_openssl_errors();
  if (!key && is_encrypted) {
    refuse(path, "the key is encrypted; a service needs one without a passphrase");
  }
  if (!key) {
    refuse(path, "holds no usable private key in PEM (" + (errors.empty() ? "none found" : errors) + ")");
  }
  return key;
}

WallTime to_time(const ASN1_TIME* time) {
  std::tm calendar{};
  ASN1_TIME_to_tm(time, &calendar);
  return std::chrono::system_clock::from_time_t(::timegm(&calendar));
}

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

// The protocols we speak, by preference (RFC 7301 §3.2): a client that offers none of them is refused.
int select_protocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_length, const unsigned char* offered,
                    unsigned int offered_length, void* /*argument*/) {
  constexpr std::string_view kProtocols = "\x02h2\x08http/1.1";
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_length, reinterpret_cast<const unsigned char*>(kProtocols.data()),
                            static_cast<unsigned int>(kProtocols.size()), offered,
                            offered_length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

OpensslPtr<SSL_CTX> make_context() {
  OpensslPtr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1) {
    throw Exception(Code::internal, "TLS: " + take_openssl_errors());
  }
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context.get(), 1);  // one read per record instead of two
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_num_tickets(context.get(), 1);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets carry the sessions
  SSL_CTX_set_alpn_select_cb(context.get(), select_protocol, nullptr);
  return context;
}

}  // namespace

std::string take_openssl_errors() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    text.append(text.empty() ? "" : "; ").append(reason != nullptr ? reason : "error " + std::to_string(code));
  }
  return text;
}

struct CertificateStore::Pair {
  std::shared_ptr<SSL_CTX> context;
  std::vector<OpensslPtr<X509>> chain;

  static std::shared_ptr<const Pair> load(const std::filesystem::path& certificate_path,
                                          const std::filesystem::path& key_path) {
    auto pair = std::make_shared<Pair>();
    pair->chain = read_chain(certificate_path);
    const auto key = read_key(key_path);
    X509* leaf = pair->chain.front().get();
    if (X509_check_private_key(leaf, key.get()) != 1) {
      ERR_clear_error();
      refuse(certificate_path, "the key in " + key_path.string() + " does not belong to this certificate" +
                                   (pair->chain.size() > 1 ? " (the leaf must come first in the file)" : ""));
    }
    auto context = make_context();
    bool accepted =
        SSL_CTX_use_certificate(context.get(), leaf) == 1 && SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1;
    for (std::size_t i = 1; i < pair->chain.size(); ++i) {
      accepted = accepted && SSL_CTX_add1_chain_cert(context.get(), pair->chain[i].get()) == 1;
    }
    if (!accepted) {
      refuse(certificate_path, "OpenSSL does not accept it: " + take_openssl_errors());
    }
    pair->context = std::shared_ptr<SSL_CTX>(std::move(context));
    return pair;
  }
};

struct CertificateStore::Slot {
  mutable std::mutex mutex;
  std::shared_ptr<const Pair> pair;
};

CertificateStore::CertificateStore(std::filesystem::path certificate, std::filesystem::path key, log::Logger logger,
                                   const Clock& clock)
    : certificate_path_(std::move(certificate)),
      key_path_(std::move(key)),
      logger_(std::move(logger)),
      clock_(clock),
      slot_(std::make_unique<Slot>()) {
  slot_->pair = Pair::load(certificate_path_, key_path_);
}

CertificateStore::~CertificateStore() = default;

std::shared_ptr<const CertificateStore::Pair> CertificateStore::current() const {
  const std::scoped_lock lock(slot_->mutex);
  return slot_->pair;
}

bool CertificateStore::reload() {
  try {
    auto pair = Pair::load(certificate_path_, key_path_);
    const std::scoped_lock lock(slot_->mutex);
    slot_->pair = std::move(pair);
  } catch (const Exception& problem) {
    logger_.error("new certificate refused, keeping the one in use", {{"error", problem.error().to_string()}});
    return false;
  }
  logger_.info("certificate loaded",
               {{"file", certificate_path_.string()}, {"not_after", format_rfc3339(not_after())}});
  return true;
}

std::vector<CertificateFinding> CertificateStore::findings() const {
  const auto pair = current();
  const auto now = clock_.now();
  const std::string file = certificate_path_.string() + ": ";
  std::vector<CertificateFinding> findings;
  for (const auto& certificate : pair->chain) {
    const std::string subject = name_of(X509_get_subject_name(certificate.get()));
    const WallTime begin = to_time(X509_get0_notBefore(certificate.get()));
    const WallTime end = to_time(X509_get0_notAfter(certificate.get()));
    if (end <= now) {
      findings.push_back({log::Level::error, file + "certificate " + subject + " expired at " + format_rfc3339(end)});
    } else if (begin > now) {
      findings.push_back(
          {log::Level::error, file + "certificate " + subject + " is not valid before " + format_rfc3339(begin)});
    } else if (end <= now + kEndsSoon) {
      findings.push_back({log::Level::warn, file + "certificate " + subject + " ends soon, at " + format_rfc3339(end)});
    }
  }
  X509* leaf = pair->chain.front().get();
  if (pair->chain.size() == 1 && !is_self_issued(leaf) && !is_issued_by_a_trusted_root(leaf)) {
    findings.push_back({log::Level::warn,
                        file + "holds the leaf only, without intermediates: a client that does not know " +
                            name_of(X509_get_issuer_name(leaf)) + " will refuse it; append the issuer's certificates"});
  }
  for (std::size_t i = 1; i < pair->chain.size(); ++i) {
    if (X509_check_issued(pair->chain[i].get(), pair->chain[i - 1].get()) != X509_V_OK) {
      findings.push_back({log::Level::error, file + "certificate " + std::to_string(i + 1) +
                                                 " did not issue certificate " + std::to_string(i) +
                                                 ": the chain is in the wrong order or incomplete"});
    }
  }
  if (!has_host_name(leaf)) {
    findings.push_back({log::Level::error, file + "names no host (subjectAltName is missing, RFC 9525 §2)"});
  }
  return findings;
}

Clock::WallTime CertificateStore::not_after() const {
  return to_time(X509_get0_notAfter(current()->chain.front().get()));
}

std::shared_ptr<void> CertificateStore::context() const {
  return current()->context;
}

}  // namespace mcdsl::net
