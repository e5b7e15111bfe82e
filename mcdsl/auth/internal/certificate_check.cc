#include "mcdsl/auth/internal/certificate_check.h"

#include <array>
#include <chrono>
#include <ctime>

#include <arpa/inet.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/time.h"

namespace mcdsl::auth::internal {
namespace {

std::string_view bytes_of(const ASN1_STRING* string) noexcept {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::string ip_text(std::string_view address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = address.size() == sizeof(in_addr) ? AF_INET : AF_INET6;
  if (address.size() != sizeof(in_addr) && address.size() != sizeof(in6_addr)) {
    return "malformed";
  }
  return inet_ntop(family, address.data(), text.data(), text.size());
}

std::string names_of(const X509& certificate) {
  const OpensslPtr<GENERAL_NAMES> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string text;
  const auto add = [&](const std::string& name) { text.append(text.empty() ? "" : ", ").append(name); };
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      add("DNS:" + printable(bytes_of(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      add("IP:" + ip_text(bytes_of(name->d.iPAddress)));
    }
  }
  return text.empty() ? "no host" : text;
}

std::string issuer_of(const X509& certificate) {
  const OpensslPtr<BIO> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || X509_NAME_print_ex(bio.get(), X509_get_issuer_name(&certificate), 0, XN_FLAG_RFC2253) < 0) {
    return "unknown";
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return printable(std::string_view(data, static_cast<std::size_t>(size)));
}

std::string date_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) {
    return "unknown";
  }
  return format_rfc3339(std::chrono::system_clock::from_time_t(timegm(&parts)));
}

}  // namespace

int CertificateCheck::verify(X509_STORE_CTX* context, void* /*unused*/) noexcept {
  const int result = X509_verify_cert(context);
  auto* tls = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& found = *static_cast<CertificateCheck*>(SSL_get_app_data(tls));
  found.error_ = X509_STORE_CTX_get_error(context);
  found.depth_ = X509_STORE_CTX_get_error_depth(context);
  X509* leaf = X509_STORE_CTX_get0_cert(context);
  if (leaf != nullptr && X509_up_ref(leaf) == 1) {
    found.leaf_.reset(leaf);
  }
  return result;
}

std::string CertificateCheck::fault(std::string_view host) const {
  if (error_ == X509_V_OK) {
    return "";
  }
  if (error_ == X509_V_ERR_HOSTNAME_MISMATCH || error_ == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    return "the certificate is not for '" + std::string(host) + "'";
  }
  std::string text = std::string("the certificate is not trusted: ") + X509_verify_cert_error_string(error_);
  if (depth_ > 0) {
    text.append(" (").append(std::to_string(depth_)).append(" above the server's own certificate)");
  }
  return text;
}

std::string CertificateCheck::describe() const {
  return "it is for " + names_of(*leaf_) + "; issued by " + issuer_of(*leaf_) + "; valid from " +
         date_of(X509_get0_notBefore(leaf_.get())) + " to " + date_of(X509_get0_notAfter(leaf_.get()));
}

}  // namespace mcdsl::auth::internal
