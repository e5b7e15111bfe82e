#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "mcdsl/testing/certificates.h"
#include "mcdsl/testing/http_client.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::net {

/// The program of child.cc, serving over TLS.
class ServiceProcess {
 public:
  /// Returns when it serves. `server_options` are lines for `[server]`; `max_descriptors` is what `ulimit -n` sets, 0
  /// for what we have.
  explicit ServiceProcess(std::string_view server_options = "", std::size_t max_descriptors = 0);
  /// Kills it if it still runs.
  ~ServiceProcess();
  ServiceProcess(const ServiceProcess&) = delete;
  ServiceProcess& operator=(const ServiceProcess&) = delete;

  /// A connection that speaks HTTP/1.1 or HTTP/2.
  [[nodiscard]] testing::HttpClient connect(const std::string& protocol = "http/1.1") const;
  /// One that says nothing.
  [[nodiscard]] testing::HttpClient connect_without_tls() const { return {"127.0.0.1", port_}; }

  void terminate() const;  ///< SIGTERM
  int wait();              ///< its exit code; -1 where a signal ended it

  struct Memory {
    std::size_t now;   ///< bytes in memory, VmRSS
    std::size_t most;  ///< the most that there ever were, VmHWM: the kernel's own count, which misses no peak
  };
  [[nodiscard]] Memory memory() const;

  /// Processor time that it has used, in clock ticks.
  [[nodiscard]] std::uint64_t ticks() const;

  [[nodiscard]] std::string log() const;

 private:
  testing::TempDir folder_;
  testing::CertificateAuthority ca_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

/// Lets this process, and those it starts, have so many descriptors. Whether it may.
[[nodiscard]] bool allow_descriptors(std::size_t count);

/// Whether the sanitizers' allocators and their slowness make figures say nothing.
#if defined(__has_feature)
inline constexpr bool kIsSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool kIsSanitized = false;
#endif

/// The counts of the tests in this folder are the real ones. A sanitizer makes every step several times slower, and
/// looks at each the same way: it gets a tenth.
constexpr std::uint64_t scaled(std::uint64_t count) {
  return kIsSanitized ? count / 10 : count;
}

}  // namespace mcdsl::net
