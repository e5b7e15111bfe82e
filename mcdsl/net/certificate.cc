#include "mcdsl/net/certificate.h"

#include <chrono>
#include <mutex>
#include <string_view>
#include <system_error>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "mcdsl/base/time.h"
#include "mcdsl/net/internal/certificate_check.h"
#include "mcdsl/net/internal/file_watch.h"
#include "mcdsl/net/internal/openssl.h"
#include "mcdsl/net/internal/ticket_keys.h"

namespace mcdsl::net {
namespace {

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

CertificateChain read_chain(const std::filesystem::path& path) {
  const std::string text = read_pem(path);
  const auto bio = memory_bio(text);
  CertificateChain chain;
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

OpensslPtr<SSL_CTX> make_context(const std::shared_ptr<TicketKeys>& ticket_keys) {
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
  TicketKeys::install(*context, ticket_keys);
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
  CertificateChain chain;
  std::filesystem::perms key_mode = std::filesystem::perms::none;
};

struct CertificateStore::State {
  std::filesystem::path certificate_path;
  std::filesystem::path key_path;
  log::Logger logger;
  const Clock& clock;
  std::vector<std::string> public_names;
  std::shared_ptr<TicketKeys> ticket_keys = std::make_shared<TicketKeys>(clock);
  std::vector<FileState> loaded{};     // the files as they were before the first pair was read
  std::mutex reload_mutex{};           // so that the last pair that was read is the one in use
  mutable std::mutex mutex{};          // over the pair
  std::shared_ptr<const Pair> pair{};  // never null once the store is made
  std::unique_ptr<FileWatch> watch{};  // destroyed first

  [[nodiscard]] std::vector<std::filesystem::path> files() const { return {certificate_path, key_path}; }
  [[nodiscard]] std::shared_ptr<const Pair> load() const;
  [[nodiscard]] std::shared_ptr<const Pair> current() const {
    const std::scoped_lock lock(mutex);
    return pair;
  }
};

std::shared_ptr<const CertificateStore::Pair> CertificateStore::State::load() const {
  auto made = std::make_shared<Pair>();
  made->chain = read_chain(certificate_path);
  std::error_code unknown;  // the mode is then none, and the key cannot be read either
  made->key_mode = std::filesystem::status(key_path, unknown).permissions();
  const auto key = read_key(key_path);
  if (const std::string problem = problem_with_key(*key); !problem.empty()) {
    refuse(key_path, problem);
  }
  X509* leaf = made->chain.front().get();
  if (X509_check_private_key(leaf, key.get()) != 1) {
    ERR_clear_error();
    refuse(certificate_path, "the key in " + key_path.string() + " does not belong to this certificate" +
                                 (made->chain.size() > 1 ? " (the leaf must come first in the file)" : ""));
  }
  auto context = make_context(ticket_keys);
  bool accepted =
      SSL_CTX_use_certificate(context.get(), leaf) == 1 && SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1;
  for (std::size_t i = 1; i < made->chain.size(); ++i) {
    accepted = accepted && SSL_CTX_add1_chain_cert(context.get(), made->chain[i].get()) == 1;
  }
  if (!accepted) {
    refuse(certificate_path, "OpenSSL does not accept it: " + take_openssl_errors());
  }
  made->context = std::shared_ptr<SSL_CTX>(std::move(context));
  return made;
}

CertificateStore::CertificateStore(std::filesystem::path certificate, std::filesystem::path key, log::Logger logger,
                                   const Clock& clock, std::vector<std::string> public_names)
    : state_(new State{.certificate_path = std::move(certificate),
                       .key_path = std::move(key),
                       .logger = std::move(logger),
                       .clock = clock,
                       .public_names = std::move(public_names)}) {
  state_->loaded = states_of(state_->files());
  state_->pair = state_->load();
}

CertificateStore::~CertificateStore() = default;

bool CertificateStore::reload() {
  const std::scoped_lock one_at_a_time(state_->reload_mutex);
  try {
    auto pair = state_->load();
    const std::scoped_lock lock(state_->mutex);
    state_->pair = std::move(pair);
  } catch (const Exception& problem) {
    state_->logger.error("new certificate refused, keeping the one in use", {{"error", problem.error().to_string()}});
    return false;
  }
  state_->logger.info("certificate loaded",
                      {{"file", state_->certificate_path.string()}, {"not_after", format_rfc3339(not_after())}});
  log_findings();
  return true;
}

void CertificateStore::watch() {
  state_->watch = std::make_unique<FileWatch>(state_->files(), state_->loaded, [this] { reload(); });
}

std::vector<CertificateFinding> CertificateStore::findings() const {
  const auto pair = state_->current();
  return CertificateCheck{.certificate_path = state_->certificate_path,
                          .key_path = state_->key_path,
                          .chain = pair->chain,
                          .key_mode = pair->key_mode,
                          .public_names = state_->public_names,
                          .now = state_->clock.now()}
      .findings();
}

void CertificateStore::log_findings() const {
  for (const CertificateFinding& finding : findings()) {
    state_->logger.write(finding.level, "certificate", {{"finding", finding.text}});
  }
}

Clock::WallTime CertificateStore::not_after() const {
  return to_wall_time(X509_get0_notAfter(state_->current()->chain.front().get()));
}

double CertificateStore::days_left() const {
  return std::chrono::duration<double, std::chrono::days::period>(not_after() - state_->clock.now()).count();
}

std::shared_ptr<void> CertificateStore::context() const {
  return state_->current()->context;
}

}  // namespace mcdsl::net
