#include <cstdlib>
#include <filesystem>
#include <string>

#include <benchmark/benchmark.h>

#include "mcdsl/csrf/guard.h"
#include "mcdsl/csrf/origin.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::csrf {
namespace {

const std::string kSession(22, 's');  // the id of a session

void issue(benchmark::State& state) {
  const testing::TempDir dir;
  const KeyFile keys(dir / "web.keys");
  const Guard guard(keys, {});
  for (auto _ : state) {
    benchmark::DoNotOptimize(guard.issue(kSession));
  }
}
BENCHMARK(issue)->Name("issue a csrf token");

// What a POST pays: where it comes from, and the token. The goal is 2 microseconds.
void check(benchmark::State& state) {
  const testing::TempDir dir;
  const KeyFile keys(dir / "web.keys");
  const Guard guard(keys, {});
  const Origin own = Origin::parse("https://notes.example.org").value();
  const std::string token = guard.issue(kSession);
  for (auto _ : state) {
    const bool is_ours = check_source(own, {.sec_fetch_site = "same-origin", .origin = "https://notes.example.org"}) &&
                         guard.check(kSession, token);
    if (!is_ours) {
      std::abort();
    }
  }
}
BENCHMARK(check)->Name("check a csrf token");

}  // namespace
}  // namespace mcdsl::csrf
