#include <string>

#include <benchmark/benchmark.h>

#include "mcdsl/crypto/hmac_key.h"
#include "mcdsl/crypto/seal.h"

namespace mcdsl::crypto {
namespace {

const std::string kCookie(400, 'c');  // about what a session cookie holds

const Secret& key() {
  static const Secret instance(std::string(kSealKeyBytes, 'k'));
  return instance;
}

void sealing(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(seal(key(), kCookie, "a session"));
  }
}
BENCHMARK(sealing)->Name("seal a session cookie");

void opening(benchmark::State& state) {
  const std::string sealed = seal(key(), kCookie, "a session");
  for (auto _ : state) {
    benchmark::DoNotOptimize(open(key(), sealed, "a session"));
  }
}
BENCHMARK(opening)->Name("open a session cookie");

void prepared_code(benchmark::State& state) {
  const HmacKey prepared(key());
  const std::string text(64, 't');
  for (auto _ : state) {
    benchmark::DoNotOptimize(prepared.code(text));
  }
}
BENCHMARK(prepared_code)->Name("HMAC-SHA256 of 64 bytes by a prepared key");

}  // namespace
}  // namespace mcdsl::crypto
