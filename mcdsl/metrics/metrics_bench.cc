// What counting costs: alone, and with a second thread on the same series. Then what a scrape costs.

#include <chrono>
#include <cstdint>
#include <string>

#include <benchmark/benchmark.h>

#include "mcdsl/metrics/registry.h"

namespace mcdsl::metrics {
namespace {

void count(benchmark::State& state) {
  static Counter counter;
  for (auto _ : state) {
    counter.add();
  }
}
BENCHMARK(count)->Name("count");
BENCHMARK(count)->Name("count, two threads on one series")->Threads(2)->UseRealTime();

void observe(benchmark::State& state) {
  static Histogram histogram(Buckets::durations());
  std::uint64_t nanoseconds = 0;
  for (auto _ : state) {
    histogram.observe(nanoseconds);
    nanoseconds = (nanoseconds + 70'001) % 20'000'000;
  }
}
BENCHMARK(observe)->Name("observe");
BENCHMARK(observe)->Name("observe, two threads on one series")->Threads(2)->UseRealTime();

void expose(benchmark::State& state) {
  Registry registry;
  for (int route = 0; route < 60; ++route) {
    const std::string pattern = "/v1/things" + std::to_string(route) + "/{id}";
    registry.counter("http_requests_total", "Requests.", {{"route", pattern}, {"code", "200"}}).add();
    registry.histogram("http_request_duration_seconds", "Durations.", Buckets::durations(), {{"route", pattern}})
        .observe(std::chrono::milliseconds(3));
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(registry.expose());
  }
}
BENCHMARK(expose)->Name("expose 60 routes");

}  // namespace
}  // namespace mcdsl::metrics
