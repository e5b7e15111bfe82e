#include "mcdsl/metrics/process.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <sys/resource.h>
#include <unistd.h>

#include "mcdsl/base/file.h"

namespace mcdsl::metrics {
namespace {

// The number at the start of the text, behind spaces.
std::optional<double> leading_number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() ? std::optional(number) : std::nullopt;
}

// A field of /proc/self/stat by its number in proc_pid_stat(5). The second one is the program's name, which may hold
// spaces and brackets: what counts begins behind the last ')'.
std::optional<double> stat_field(std::string_view stat, int number) {
  constexpr int kFirstBehindName = 3;
  const auto name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) {
    return std::nullopt;
  }
  stat.remove_prefix(name_end + 1);
  for (int field = kFirstBehindName; field < number; ++field) {
    stat.remove_prefix(std::min(stat.find_first_not_of(' '), stat.size()));
    stat.remove_prefix(std::min(stat.find(' '), stat.size()));
  }
  return leading_number(stat);
}

// Behind "btime" in /proc/stat: when the machine started, in seconds since 1970.
std::optional<double> boot_time() {
  constexpr std::string_view kKey = "\nbtime ";
  const auto text = read_file("/proc/stat");
  const auto at = text ? text->find(kKey) : std::string::npos;
  return at == std::string::npos ? std::nullopt : leading_number(std::string_view(*text).substr(at + kKey.size()));
}

std::optional<double> start_time() {
  constexpr int kStartTime = 22;  // in ticks since the machine started
  const auto stat = read_file("/proc/self/stat");
  const auto ticks = stat ? stat_field(*stat, kStartTime) : std::nullopt;
  const auto boot = boot_time();
  if (!ticks || !boot) {
    return std::nullopt;
  }
  return *boot + *ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::optional<double> cpu_seconds() {
  std::timespec spent{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent) != 0) {
    return std::nullopt;
  }
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

std::optional<double> open_descriptors() {
  std::error_code problem;
  const std::filesystem::directory_iterator folder("/proc/self/fd", problem);
  if (problem) {
    return std::nullopt;
  }
  return static_cast<double>(std::distance(folder, std::filesystem::directory_iterator()) - 1);  // less its own
}

std::optional<double> most_descriptors() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? std::optional(static_cast<double>(limit.rlim_cur)) : std::nullopt;
}

void read_stat(Samples& samples) {
  constexpr int kThreads = 20;
  constexpr int kVirtualBytes = 23;
  constexpr int kResidentPages = 24;
  const auto stat = read_file("/proc/self/stat");
  if (!stat) {
    return;
  }
  if (const auto threads = stat_field(*stat, kThreads)) {
    samples.gauge("process_threads", "Threads.", *threads);
  }
  if (const auto bytes = stat_field(*stat, kVirtualBytes)) {
    samples.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", *bytes);
  }
  if (const auto pages = stat_field(*stat, kResidentPages)) {
    samples.gauge("process_resident_memory_bytes", "Resident memory size in bytes.",
                  *pages * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  }
}

}  // namespace

void add_process_metrics(Registry& registry) {
  registry.add_source([start = start_time()](Samples& samples) {
    read_stat(samples);
    if (start) {
      samples.gauge("process_start_time_seconds", "Start time of the process since the Unix epoch in seconds.", *start);
    }
    if (const auto seconds = cpu_seconds()) {
      samples.counter("process_cpu_seconds_total", "User and system CPU time spent in seconds.", *seconds);
    }
    if (const auto count = open_descriptors()) {
      samples.gauge("process_open_fds", "Open file descriptors.", *count);
    }
    if (const auto count = most_descriptors()) {
      samples.gauge("process_max_fds", "The most file descriptors that may be open.", *count);
    }
  });
}

}  // namespace mcdsl::metrics
