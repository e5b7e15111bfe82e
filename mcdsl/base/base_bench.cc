#include <chrono>
#include <memory>

#include <benchmark/benchmark.h>
#include <fcntl.h>

#include "mcdsl/base/log.h"
#include "mcdsl/base/unique_fd.h"

namespace mcdsl {
namespace {

// The line that the access log writes for each request.
void log_line(benchmark::State& state, log::Format format) {
  const UniqueFd null_device(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  const log::Logger logger(std::make_shared<log::FdSink>(null_device.get()), format);
  for (auto _ : state) {
    logger.info("request", {{"method", "GET"},
                            {"route", "/v1/documents/{slug}"},
                            {"status", 200},
                            {"bytes", 213},
                            {"duration", std::chrono::microseconds(41)},
                            {"client", "192.0.2.7"},
                            {"request_id", "0b5c9f0e-5f1e-4c6e-9d3a-7a3e4c1f2b10"}});
  }
}
BENCHMARK_CAPTURE(log_line, logfmt, log::Format::logfmt)->Name("access log line to /dev/null, logfmt");
BENCHMARK_CAPTURE(log_line, json, log::Format::json)->Name("access log line to /dev/null, JSON");

}  // namespace
}  // namespace mcdsl
