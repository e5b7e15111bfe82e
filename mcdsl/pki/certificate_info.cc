#include "mcdsl/pki/certificate_info.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <limits>
#include <span>

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/pki/internal/openssl.h"

namespace mcdsl::pki {
namespace {

std::string text_of(const X509_NAME* name) {
  const Handle<BIO> bio(BIO_new(BIO_s_mem()));
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
    return "";
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return printable(std::string_view(data, static_cast<std::size_t>(size)));
}

std::string_view bytes_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_of(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == sizeof(in_addr) ? AF_INET : AF_INET6;
  if ((family == AF_INET6 && bytes.size() != sizeof(in6_addr)) ||
      ::inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr) {
    return "";
  }
  return text.data();
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  const Handle<GENERAL_NAMES> found(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < (found ? sk_GENERAL_NAME_num(found.get()) : 0); ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(found.get(), i), &type);
    std::string name;
    if (type == GEN_DNS) {
      name = printable(bytes_of(static_cast<const ASN1_STRING*>(value)));
    } else if (type == GEN_IPADD) {
      name = address_of(bytes_of(static_cast<const ASN1_STRING*>(value)));
    }
    if (!name.empty()) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

std::string serial_of(X509* certificate) {
  const Handle<BIGNUM> number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  char* digits = number ? BN_bn2hex(number.get()) : nullptr;
  std::string text = digits == nullptr ? "" : digits;
  OPENSSL_free(digits);
  return text;
}

std::string key_of(X509* certificate) {
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) {
    return "unknown";
  }
  std::array<char, 64> group{};
  std::size_t length = 0;
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) == 1) {
    const std::string_view name(group.data(), length);
    return name == "prime256v1" ? "P-256" : name == "secp384r1" ? "P-384" : std::string(name);
  }
  const char* type = EVP_PKEY_get0_type_name(key);
  const std::string name = type == nullptr ? "unknown" : type;
  return name.starts_with("RSA") ? name + " " + std::to_string(EVP_PKEY_get_bits(key)) : name;
}

std::string sha256_of(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &length) != 1) {
    return "";
  }
  return hex_encode(std::string_view(reinterpret_cast<const char*>(digest.data()), length));
}

}  // namespace

Result<std::vector<Handle<X509>>> parse_certificates(std::string_view pem) {
  if (pem.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return fail(Code::invalid_argument, "is too long for certificates");
  }
  ERR_clear_error();
  const Handle<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<Handle<X509>> certificates;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(certificate);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (certificates.empty() || !at_end) {
    return fail(Code::invalid_argument,
                certificates.empty() && at_end ? "holds no certificate in PEM" : "holds a damaged certificate");
  }
  return certificates;
}

Clock::WallTime to_wall_time(const ASN1_TIME* time) {
  std::tm calendar{};
  ASN1_TIME_to_tm(time, &calendar);
  return std::chrono::system_clock::from_time_t(::timegm(&calendar));
}

Result<std::vector<CertificateInfo>> read_certificates(std::string_view pem) {
  const auto certificates = parse_certificates(pem);
  if (!certificates) {
    return fail(certificates.error());
  }
  std::vector<CertificateInfo> infos;
  for (const auto& handle : *certificates) {
    X509* certificate = handle.get();
    infos.push_back(
        {.subject = text_of(X509_get_subject_name(certificate)),
         .issuer = text_of(X509_get_issuer_name(certificate)),
         .serial = serial_of(certificate),
         .names = names_of(certificate),
         .not_before = to_wall_time(X509_get0_notBefore(certificate)),
         .not_after = to_wall_time(X509_get0_notAfter(certificate)),
         .is_authority = X509_check_ca(certificate) == 1,
         .is_self_issued = X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(certificate)) == 0,
         .key = key_of(certificate),
         .sha256 = sha256_of(certificate)});
  }
  ERR_clear_error();
  return infos;
}

}  // namespace mcdsl::pki
