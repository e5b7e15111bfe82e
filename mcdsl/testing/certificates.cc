#include "mcdsl/testing/certificates.h"

#include <array>
#include <utility>

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "mcdsl/base/error.h"

namespace mcdsl::testing {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const noexcept { X509_EXTENSION_free(extension); }
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
template <class T>
using Handle = std::unique_ptr<T, Free>;

void require(bool success, const std::string& what) {
  if (!success) {
    throw Exception(Code::internal, "test certificate: " + what + " failed");
  }
}

Handle<EVP_PKEY> make_key(KeyType type) {
  Handle<EVP_PKEY> key;
  switch (type) {
    case KeyType::p256:
      key.reset(EVP_EC_gen("P-256"));
      break;
    case KeyType::p384:
      key.reset(EVP_EC_gen("P-384"));
      break;
    case KeyType::ed25519:
      key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
      break;
    case KeyType::rsa2048:
      key.reset(EVP_RSA_gen(2048));
      break;
  }
  require(key != nullptr, "making a key");
  return key;
}

template <class Write>
std::string pem(Write write) {
  const Handle<BIO> bio(BIO_new(BIO_s_mem()));
  require(bio != nullptr && write(bio.get()) == 1, "writing PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void set_random_serial(X509& certificate) {
  std::array<unsigned char, 16> serial{};
  require(RAND_bytes(serial.data(), static_cast<int>(serial.size())) == 1, "making a serial number");
  serial[0] = (serial[0] & 0x7FU) | 0x40U;  // positive and not zero (RFC 5280 §4.1.2.2)
  require(ASN1_STRING_set(X509_get_serialNumber(&certificate), serial.data(), static_cast<int>(serial.size())) == 1,
          "setting the serial number");
}

void set_time(ASN1_TIME* field, std::chrono::system_clock::time_point time) {
  require(ASN1_TIME_set(field, std::chrono::system_clock::to_time_t(time)) != nullptr, "setting a date");
}

void add_extension(X509& certificate, const X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context{};
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): OpenSSL 3.0 only reads it, and says so from 3.1 on
  X509V3_set_ctx(&context, const_cast<X509*>(issuer), &certificate, nullptr, nullptr, 0);
  const Handle<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  require(extension != nullptr && X509_add_ext(&certificate, extension.get(), -1) == 1,
          "adding the extension " + value);
}

bool is_ip_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(AF_INET, name.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), address.data()) == 1;
}

std::string subject_alternative_names(const std::vector<std::string>& names) {
  std::string value;
  for (const auto& name : names) {
    value.append(value.empty() ? "" : ",").append(is_ip_address(name) ? "IP:" : "DNS:").append(name);
  }
  return value;
}

// Ed25519 signs the bytes themselves and takes no digest (RFC 8410 §3).
void sign(X509& certificate, EVP_PKEY& key) {
  const EVP_MD* digest = EVP_PKEY_is_a(&key, "ED25519") == 1 ? nullptr : EVP_sha256();
  require(X509_sign(&certificate, &key, digest) > 0, "signing");
}

struct Subject {
  std::string common_name;
  std::chrono::system_clock::time_point not_before;
  std::chrono::system_clock::time_point not_after;
};

/// A certificate without extensions and signature. `issuer` is null for one that signs itself.
Handle<X509> make_certificate(const Subject& subject, EVP_PKEY& key, const X509* issuer) {
  Handle<X509> certificate(X509_new());
  require(certificate != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1, "X509_new");
  set_random_serial(*certificate);
  set_time(X509_getm_notBefore(certificate.get()), subject.not_before);
  set_time(X509_getm_notAfter(certificate.get()), subject.not_after);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  require(
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(subject.common_name.c_str()), -1, -1, 0) == 1,
      "setting the name " + subject.common_name);
  require(X509_set_issuer_name(certificate.get(), issuer == nullptr ? name : X509_get_subject_name(issuer)) == 1,
          "setting the issuer");
  require(X509_set_pubkey(certificate.get(), &key) == 1, "setting the key");
  return certificate;
}

}  // namespace

struct CertificateAuthority::State {
  Handle<EVP_PKEY> key;
  Handle<X509> certificate;
  std::string pem;
  std::string chain;  ///< what follows the leaf in a server's file: nothing below a root

  static std::shared_ptr<const State> make(const std::string& name, KeyType type, const State* issuer);
};

std::shared_ptr<const CertificateAuthority::State> CertificateAuthority::State::make(const std::string& name,
                                                                                     KeyType type,
                                                                                     const State* issuer) {
  const auto now = std::chrono::system_clock::now();
  auto state = std::make_shared<State>();
  state->key = make_key(type);
  const X509* signer = issuer == nullptr ? nullptr : issuer->certificate.get();
  // Wide dates: a test may issue certificates that expired long ago, and only those shall be at fault.
  state->certificate =
      make_certificate({name, now - std::chrono::years(10), now + std::chrono::years(10)}, *state->key, signer);
  X509& certificate = *state->certificate;
  const X509* parent = signer == nullptr ? &certificate : signer;
  add_extension(certificate, parent, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, parent, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate, parent, NID_subject_key_identifier, "hash");
  add_extension(certificate, parent, NID_authority_key_identifier, "keyid");
  sign(certificate, issuer == nullptr ? *state->key : *issuer->key);
  state->pem = testing::pem([&](BIO* bio) { return PEM_write_bio_X509(bio, &certificate); });
  if (issuer != nullptr) {
    state->chain = state->pem + issuer->chain;
  }
  return state;
}

CertificateAuthority::CertificateAuthority(const std::string& name, KeyType key)
    : state_(State::make(name, key, nullptr)) {}

CertificateAuthority CertificateAuthority::intermediate(const std::string& name, KeyType key) const {
  return CertificateAuthority(State::make(name, key, state_.get()));
}

Certificate CertificateAuthority::issue(const CertificateOptions& options) const {
  require(!options.names.empty(), "issuing without a name");
  const Handle<EVP_PKEY> key = make_key(options.key);
  const X509* issuer = state_->certificate.get();
  const Handle<X509> certificate =
      make_certificate({options.names.front(), options.not_before, options.not_after}, *key, issuer);
  add_extension(*certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(*certificate, issuer, NID_key_usage, "critical,digitalSignature");
  add_extension(*certificate, issuer, NID_ext_key_usage, options.usage);
  add_extension(*certificate, issuer, NID_subject_key_identifier, "hash");
  add_extension(*certificate, issuer, NID_authority_key_identifier, "keyid");
  add_extension(*certificate, issuer, NID_subject_alt_name, subject_alternative_names(options.names));
  sign(*certificate, *state_->key);

  Certificate issued;
  issued.leaf = pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
  issued.chain = issued.leaf + state_->chain;
  issued.key = pem(
      [&](BIO* bio) { return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  return issued;
}

const std::string& CertificateAuthority::certificate() const noexcept {
  return state_->pem;
}

}  // namespace mcdsl::testing
