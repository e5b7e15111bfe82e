#include "mcdsl/metrics/process.h"

#include <charconv>
#include <chrono>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "mcdsl/base/unique_fd.h"

namespace mcdsl::metrics {
namespace {

// The value of a metric without labels; -1 where it is missing.
double value_of(const std::string& page, std::string_view name) {
  const std::string key = "\n" + std::string(name) + " ";
  const auto at = page.find(key);
  double value = -1;
  if (at != std::string::npos) {
    std::from_chars(page.data() + at + key.size(), page.data() + page.size(), value);
  }
  return value;
}

TEST(ProcessMetrics, TellWhatTheProcessUses) {
  Registry registry;
  add_process_metrics(registry);
  const std::string page = registry.expose();
  EXPECT_GT(value_of(page, "process_resident_memory_bytes"), 100'000);
  EXPECT_GT(value_of(page, "process_virtual_memory_bytes"), value_of(page, "process_resident_memory_bytes"));
  EXPECT_GE(value_of(page, "process_threads"), 1);
  EXPECT_GE(value_of(page, "process_cpu_seconds_total"), 0);
  EXPECT_GE(value_of(page, "process_max_fds"), value_of(page, "process_open_fds"));
}

TEST(ProcessMetrics, CountOpenDescriptors) {
  Registry registry;
  add_process_metrics(registry);
  const double before = value_of(registry.expose(), "process_open_fds");
  const UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(value_of(registry.expose(), "process_open_fds"), before + 1);
}

TEST(ProcessMetrics, TellWhenTheProcessStarted) {
  Registry registry;
  add_process_metrics(registry);
  const double start = value_of(registry.expose(), "process_start_time_seconds");
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_LE(start, now.count() + 1);  // the boot time is in whole seconds
  EXPECT_GT(start, now.count() - 24 * 3600);
}

}  // namespace
}  // namespace mcdsl::metrics
