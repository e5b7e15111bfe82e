// What authentication costs a request: nearly always it is a hit in the cache.
#include <memory>

#include <benchmark/benchmark.h>

#include "mcdsl/auth/internal/token_cache.h"
#include "mcdsl/auth/jwt.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/crypto/digest.h"

namespace mcdsl::auth {
namespace {

const crypto::Ed25519PrivateKey& signing_key() {
  static const auto key = crypto::Ed25519PrivateKey::generate();
  return key;
}

std::string make_token(int number) {
  const Claims claims{.subject = "0b6f7c1e-6d43-4f0a-9d3b-2f7a0e2f9c11",
                      .username = "alice",
                      .account_type = AccountType::human,
                      .roles = {"user"},
                      .issued_at = system_clock().now(),
                      .expires_at = system_clock().now() + std::chrono::hours(1),
                      .token_id = std::to_string(number),
                      .issuer = "https://mcias.example.org"};
  return std::string(encode_jwt(claims, "key-1", signing_key()).reveal());
}

/// The system's time of day, and a steady time that stands still, so that no entry grows too old to hit.
class BenchClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override { return system_clock().now(); }
  [[nodiscard]] SteadyTime steady() const override {
    benchmark::DoNotOptimize(system_clock().steady());
    return SteadyTime(std::chrono::hours(1));
  }
};

/// Ten thousand remembered callers, shared by the threads of a benchmark.
struct Fixture {
  static constexpr std::size_t kTokens = 10'000;

  Fixture() {
    for (std::size_t i = 0; i < kTokens; ++i) {
      auto caller = std::make_shared<Caller>();
      caller->expires_at = system_clock().now() + std::chrono::hours(1);
      tokens.push_back(make_token(static_cast<int>(i)));
      (void)cache.get(crypto::sha256(tokens.back()), internal::Deadline::max(),
                      [&] { return internal::TokenCache::Answer(caller); });
    }
  }

  BenchClock clock;
  internal::TokenCache cache{clock, 2 * kTokens};
  std::vector<std::string> tokens;
};

const Fixture& shared_fixture() {
  static const Fixture fixture;
  return fixture;
}

void BM_CacheHit(benchmark::State& state) {
  const Fixture& fixture = shared_fixture();
  auto i = static_cast<std::size_t>(state.thread_index()) * 37;
  for (auto _ : state) {
    const auto& token = fixture.tokens[i++ % fixture.tokens.size()];
    auto answer = fixture.cache.find(crypto::sha256(token));
    if (!answer || !*answer) {
      state.SkipWithError("no hit");
      break;
    }
    benchmark::DoNotOptimize(answer);
  }
}
BENCHMARK(BM_CacheHit)->ThreadRange(1, 2)->UseRealTime();

void BM_OneTokenCacheHit(benchmark::State& state) {
  const Fixture& fixture = shared_fixture();
  for (auto _ : state) {
    benchmark::DoNotOptimize(fixture.cache.find(crypto::sha256(fixture.tokens.front())));
  }
}
BENCHMARK(BM_OneTokenCacheHit)->ThreadRange(1, 2)->UseRealTime();

void BM_RefuseForgery(benchmark::State& state) {
  const std::string token = make_token(0);
  const auto other = crypto::Ed25519PrivateKey::generate().public_key();
  for (auto _ : state) {
    benchmark::DoNotOptimize(value_or_throw(Jwt::parse(token)).verify(other));
  }
}
BENCHMARK(BM_RefuseForgery);

void BM_RefuseMalformed(benchmark::State& state) {
  const std::string token = make_token(0) + "!";
  for (auto _ : state) {
    benchmark::DoNotOptimize(Jwt::parse(token));
  }
}
BENCHMARK(BM_RefuseMalformed);

}  // namespace
}  // namespace mcdsl::auth
