// Whatever a certificate file holds is read or refused.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mcdsl/pki/certificate_info.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto read = mcdsl::pki::read_certificates(text)) {
    for (const auto& certificate : *read) {
      if (certificate.sha256.size() != 64) {
        std::abort();
      }
    }
  }
  return 0;
}
