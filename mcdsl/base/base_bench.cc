#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcdsl/base/log.h"
#include "mcdsl/base/log_buffer.h"
#include "mcdsl/base/unique_fd.h"

namespace mcdsl {
namespace {

// The line that the access log writes for each request.
void write_lines(benchmark::State& state, const log::Logger& logger) {
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

void log_line(benchmark::State& state, log::Format format) {
  const UniqueFd null_device(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  write_lines(state, log::Logger(std::make_shared<log::FdSink>(null_device.get()), format));
}
BENCHMARK_CAPTURE(log_line, logfmt, log::Format::logfmt)->Name("access log line to /dev/null, logfmt");
BENCHMARK_CAPTURE(log_line, json, log::Format::json)->Name("access log line to /dev/null, JSON");

// A pipe that somebody reads, as a service manager or a container has it, with the work of all threads but the
// reader's.
void log_line_to_pipe(benchmark::State& state, bool buffered) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    state.SkipWithError("pipe2");
    return;
  }
  const pid_t reader = ::fork();
  if (reader == 0) {
    ::close(ends[1]);
    std::array<char, 65536> bytes{};
    while (::read(ends[0], bytes.data(), bytes.size()) > 0) {
    }
    ::_exit(0);
  }
  ::close(ends[0]);
  {
    const UniqueFd pipe(ends[1]);
    std::shared_ptr<log::Sink> sink = std::make_shared<log::FdSink>(pipe.get());
    if (buffered) {  // with room for all: a line that is dropped costs nothing
      sink = std::make_shared<log::BufferedSink>(sink, log::Format::logfmt,
                                                 log::BufferOptions{.max_bytes = std::size_t{1} << 30U});
    }
    write_lines(state, log::Logger(std::move(sink)));
  }
  ::waitpid(reader, nullptr, 0);
}
BENCHMARK_CAPTURE(log_line_to_pipe, direct, false)->Name("access log line to a pipe, direct")->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(log_line_to_pipe, buffered, true)
    ->Name("access log line to a pipe, buffered")
    ->MeasureProcessCPUTime();

}  // namespace
}  // namespace mcdsl
