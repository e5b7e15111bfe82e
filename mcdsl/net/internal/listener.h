#pragma once

#include <cstdint>
#include <memory>

#include "mcdsl/base/unique_fd.h"
#include "mcdsl/net/address.h"
#include "mcdsl/net/certificate.h"
#include "mcdsl/net/internal/pollable.h"
#include "mcdsl/net/internal/timer_wheel.h"

namespace mcdsl::net {

class Loop;

/// A listening socket, shared by all loops.
struct Listener {
  UniqueFd socket;
  Address address;                                 ///< as bound
  const CertificateStore* certificates = nullptr;  ///< null for plain
  bool is_adopted = false;                         ///< another process opened it, and may give it to our successor

  Listener() = default;
  Listener(Listener&&) = default;
  Listener& operator=(Listener&&) = delete;
  ~Listener() { close(); }

  /// Throws Exception as Server::listen says.
  static Listener open(const Address& wanted, const CertificateStore* certificates);

  /// Takes one that another process opened, see Server::adopt.
  static Listener adopt(UniqueFd socket, const CertificateStore* certificates);

  /// Stops listening, and removes the file of a Unix socket of ours. Nothing the second time.
  void close() noexcept;
};

/// A listener as one loop sees it: woken alone for a new connection (EPOLLEXCLUSIVE), paused while the process is out
/// of descriptors.
class AcceptSource final : public Pollable, public Timed {
 public:
  AcceptSource(Loop& loop, const Listener& listener);
  ~AcceptSource() override;
  AcceptSource(const AcceptSource&) = delete;
  AcceptSource& operator=(const AcceptSource&) = delete;

  void on_event(std::uint32_t events) override;

  /// Before the listener closes: takes the connections that wait in its queue, which the kernel would reset. Those of
  /// an adopted socket wait for our successor.
  void take_waiting();

  /// The pause is over.
  void on_timeout() override;

 private:
  enum class Accepted : std::uint8_t { one, none, no_resources };

  Accepted accept_one();
  void watch();
  void pause();

  Loop& loop_;
  const Listener& listener_;
  bool paused_ = false;
};

}  // namespace mcdsl::net
