#pragma once

#include <csignal>

namespace mcdsl {

/// Keeps SIGPIPE from ending the process while it lives, on its thread alone: for calls that write to sockets and know
/// no MSG_NOSIGNAL (OpenSSL's, sendfile), where a library must not change how the process handles signals.
class SigpipeGuard {
 public:
  SigpipeGuard() noexcept;
  ~SigpipeGuard();
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

}  // namespace mcdsl
