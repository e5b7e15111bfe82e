#include "mcdsl/pki/certificate_authority.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"
#include "mcdsl/pki/internal/openssl.h"

namespace mcdsl::pki {
namespace {

constexpr std::size_t kMaxNameBytes = 253;  // RFC 1035 §2.3.4
constexpr std::size_t kMaxLabelBytes = 63;  // the same
constexpr std::size_t kMaxCommonName = 64;  // RFC 5280, appendix A.1: ub-common-name

void require(bool success, const std::string& what) {
  if (!success) {
    ERR_clear_error();
    throw Exception(Code::internal, "certificate: " + what + " failed");
  }
}

[[noreturn]] void refuse(const std::string& why) {
  ERR_clear_error();
  throw Exception(Code::invalid_argument, "certificate: " + why);
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
std::string pem(BIO* bio, Write write) {
  const Handle<BIO> owned(bio);
  require(bio != nullptr && write(bio) == 1, "writing PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  return pem(BIO_new(BIO_s_mem()), [&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

Secret pem_of(EVP_PKEY* key) {
  // In memory of OpenSSL's that it overwrites.
  return Secret(pem(BIO_new(BIO_s_secmem()), [&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  }));
}

void set_random_serial(X509& certificate) {
  std::array<unsigned char, 16> serial{};
  require(RAND_bytes(serial.data(), static_cast<int>(serial.size())) == 1, "making a serial number");
  serial[0] = (serial[0] & 0x7FU) | 0x40U;  // positive and not zero (RFC 5280 §4.1.2.2)
  require(ASN1_STRING_set(X509_get_serialNumber(&certificate), serial.data(), static_cast<int>(serial.size())) == 1,
          "setting the serial number");
}

void set_time(ASN1_TIME* field, Clock::WallTime time) {
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

// "*.example.org" (RFC 6125 §6.4.3), "localhost".
bool is_dns_name(std::string_view name) {
  if (name.starts_with("*.")) {
    name.remove_prefix(2);
  }
  if (name.empty() || name.size() > kMaxNameBytes) {
    return false;
  }
  while (true) {
    const std::size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    const bool is_good = std::ranges::all_of(label, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (label.empty() || label.size() > kMaxLabelBytes || !is_good || label.front() == '-' || label.back() == '-') {
      return false;
    }
    if (dot == std::string_view::npos) {
      return true;
    }
    name.remove_prefix(dot + 1);
  }
}

// Made piece by piece: in a text for OpenSSL's configuration a name with a comma would be two.
void add_name(GENERAL_NAMES& names, const std::string& name) {
  const Handle<ASN1_OCTET_STRING> address(name.contains('\0') ? nullptr : a2i_IPADDRESS(name.c_str()));
  if (!address && !is_dns_name(name)) {
    refuse("\"" + printable(name) + "\" is neither a DNS name nor an IP address");
  }
  GENERAL_NAME* entry = GENERAL_NAME_new();
  require(entry != nullptr && sk_GENERAL_NAME_push(&names, entry) > 0, "adding a name");
  ASN1_STRING* value = ASN1_STRING_type_new(address ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
  require(value != nullptr, "adding a name");
  GENERAL_NAME_set0_value(entry, address ? GEN_IPADD : GEN_DNS, value);
  require((address ? ASN1_STRING_copy(value, address.get())
                   : ASN1_STRING_set(value, name.data(), static_cast<int>(name.size()))) == 1,
          "adding a name");
}

Handle<GENERAL_NAMES> make_names(const std::vector<std::string>& names) {
  if (names.empty()) {
    refuse("it names nobody");
  }
  Handle<GENERAL_NAMES> all(GENERAL_NAMES_new());
  require(all != nullptr, "adding names");
  for (const std::string& name : names) {
    add_name(*all, name);
  }
  ERR_clear_error();  // what is no address has left a trace there
  return all;
}

// Ed25519 signs the bytes themselves and takes no digest (RFC 8410 §3).
void sign(X509& certificate, EVP_PKEY& key) {
  const EVP_MD* digest = EVP_PKEY_is_a(&key, "ED25519") == 1 ? nullptr : EVP_sha256();
  require(X509_sign(&certificate, &key, digest) > 0, "signing");
}

/// A certificate without extensions and signature. `issuer` is null for one that signs itself.
Handle<X509> make_certificate(const std::string& common_name, const Validity& validity, EVP_PKEY& key,
                              const X509* issuer) {
  if (validity.not_after <= validity.not_before) {
    refuse("its end does not come after its beginning");
  }
  Handle<X509> certificate(X509_new());
  require(certificate != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1, "X509_new");
  set_random_serial(*certificate);
  set_time(X509_getm_notBefore(certificate.get()), validity.not_before);
  set_time(X509_getm_notAfter(certificate.get()), validity.not_after);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  // What is longer than a common name may be stands among the alternative names, which are what counts.
  const std::string shown = common_name.substr(0, kMaxCommonName);
  require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(shown.data()),
                                     static_cast<int>(shown.size()), -1, 0) == 1,
          "setting the name " + printable(shown));
  require(X509_set_issuer_name(certificate.get(), issuer == nullptr ? name : X509_get_subject_name(issuer)) == 1,
          "setting the issuer");
  require(X509_set_pubkey(certificate.get(), &key) == 1, "setting the key");
  return certificate;
}

Handle<EVP_PKEY> parse_key(std::string_view text) {
  const Handle<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  std::string no_passphrase;  // instead of OpenSSL's prompt on the terminal
  Handle<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_passphrase.data()));
  if (!key) {
    refuse(text.contains("ENCRYPTED") ? "the authority's key is encrypted" : "the authority's key is none in PEM");
  }
  return key;
}

}  // namespace

struct Authority::State {
  Handle<EVP_PKEY> key;
  Handle<X509> certificate;
  std::string pem;
  std::string chain;  // what follows the leaf in a server's file: nothing below a root

  static std::shared_ptr<const State> make(const std::string& name, const Validity& validity, KeyType type,
                                           const State* issuer);
};

std::shared_ptr<const Authority::State> Authority::State::make(const std::string& name, const Validity& validity,
                                                               KeyType type, const State* issuer) {
  if (name.empty()) {
    refuse("an authority needs a name");
  }
  auto state = std::make_shared<State>();
  state->key = make_key(type);
  const X509* signer = issuer == nullptr ? nullptr : issuer->certificate.get();
  state->certificate = make_certificate(name, validity, *state->key, signer);
  X509& certificate = *state->certificate;
  const X509* parent = signer == nullptr ? &certificate : signer;
  add_extension(certificate, parent, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, parent, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate, parent, NID_subject_key_identifier, "hash");
  add_extension(certificate, parent, NID_authority_key_identifier, "keyid");
  sign(certificate, issuer == nullptr ? *state->key : *issuer->key);
  state->pem = pem_of(&certificate);
  if (issuer != nullptr) {
    state->chain = state->pem + issuer->chain;
  }
  return state;
}

Authority Authority::make(const std::string& name, const Validity& validity, KeyType key) {
  return Authority(State::make(name, validity, key, nullptr));
}

Authority Authority::load(std::string_view certificates, std::string_view key) {
  auto parsed = parse_certificates(certificates);
  if (!parsed) {
    refuse("the authority's file " + parsed.error().message());
  }
  auto state = std::make_shared<State>();
  state->key = parse_key(key);
  if (X509_check_private_key(parsed->front().get(), state->key.get()) != 1) {
    refuse("the authority's key belongs to another certificate");
  }
  if (X509_check_ca(parsed->front().get()) != 1) {
    refuse("the authority's certificate may not sign others");
  }
  for (const auto& each : *parsed) {
    if (X509_NAME_cmp(X509_get_issuer_name(each.get()), X509_get_subject_name(each.get())) != 0) {
      state->chain += pem_of(each.get());
    }
  }
  state->pem = pem_of(parsed->front().get());
  state->certificate = std::move(parsed->front());
  return Authority(std::move(state));
}

Authority Authority::intermediate(const std::string& name, const Validity& validity, KeyType key) const {
  return Authority(State::make(name, validity, key, state_.get()));
}

Issued Authority::issue(const Request& request) const {
  const Handle<GENERAL_NAMES> names = make_names(request.names);
  const Handle<EVP_PKEY> key = make_key(request.key);
  const X509* issuer = state_->certificate.get();
  const Handle<X509> certificate = make_certificate(request.names.front(), request.validity, *key, issuer);
  add_extension(*certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(*certificate, issuer, NID_key_usage, "critical,digitalSignature");
  add_extension(*certificate, issuer, NID_ext_key_usage, request.usage);
  add_extension(*certificate, issuer, NID_subject_key_identifier, "hash");
  add_extension(*certificate, issuer, NID_authority_key_identifier, "keyid");
  require(X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1,
          "adding names");
  sign(*certificate, *state_->key);

  Issued issued;
  issued.leaf = pem_of(certificate.get());
  issued.chain = issued.leaf + state_->chain;
  issued.key = pem_of(key.get());
  return issued;
}

const std::string& Authority::certificate() const noexcept {
  return state_->pem;
}

const std::string& Authority::chain() const noexcept {
  return state_->chain;
}

Secret Authority::key() const {
  return pem_of(state_->key.get());
}

Clock::WallTime Authority::not_after() const {
  return to_wall_time(X509_get0_notAfter(state_->certificate.get()));
}

}  // namespace mcdsl::pki
