#include <iostream>

#include "mcdsl/base/error.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/http/response.h"

int main() {
  const mcdsl::http::Response response = mcdsl::http::error(mcdsl::Error(mcdsl::Code::not_found, "no row 7"));
  std::cout << response.status << ' ' << response.body << ' '
            << mcdsl::crypto::to_hex(mcdsl::crypto::sha256("abc")).substr(0, 8) << '\n';
}
