#pragma once

#include <cstdint>

namespace mcdsl::net {

/// What an epoll event is delivered to.
class Pollable {
 public:
  virtual ~Pollable() = default;
  virtual void on_event(std::uint32_t events) = 0;
};

}  // namespace mcdsl::net
