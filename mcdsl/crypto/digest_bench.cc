#include <string>

#include <benchmark/benchmark.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "mcdsl/crypto/digest.h"

namespace mcdsl::crypto {
namespace {

const std::string kToken(300, 't');  // about what an identity token is long
const std::string kKey(32, 'k');

void token_digest(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(sha256(kToken));
  }
  state.counters["goal"] = 1.0;
}
BENCHMARK(token_digest)->Name("SHA-256 of a token/ours");

void token_digest_by_openssl(benchmark::State& state) {
  Sha256 digest{};
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        SHA256(reinterpret_cast<const unsigned char*>(kToken.data()), kToken.size(), digest.data()));
  }
}
BENCHMARK(token_digest_by_openssl)->Name("SHA-256 of a token/peer");

void message_code(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(hmac_sha256(kKey, kToken));
  }
  state.counters["goal"] = 1.0;
}
BENCHMARK(message_code)->Name("HMAC-SHA256 of a token/ours");

void message_code_by_openssl(benchmark::State& state) {
  Sha256 digest{};
  unsigned length = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(HMAC(EVP_sha256(), kKey.data(), static_cast<int>(kKey.size()),
                                  reinterpret_cast<const unsigned char*>(kToken.data()), kToken.size(), digest.data(),
                                  &length));
  }
}
BENCHMARK(message_code_by_openssl)->Name("HMAC-SHA256 of a token/peer");

}  // namespace
}  // namespace mcdsl::crypto
