#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "mcdsl/base/unique_fd.h"

namespace mcdsl::tool {

/// A port of 127.0.0.1 that is kept for a process of ours: bound, so that the system gives it to nobody else, and not
/// listened at, so that the process can (SO_REUSEADDR, socket(7)).
class Port {
 public:
  /// The wanted one, or one that the system picks for 0; nullopt where somebody listens there.
  [[nodiscard]] static std::optional<Port> take(std::uint16_t wanted);

  [[nodiscard]] std::uint16_t number() const noexcept { return number_; }

 private:
  Port(UniqueFd socket, std::uint16_t number) noexcept : socket_(std::move(socket)), number_(number) {}

  UniqueFd socket_;
  std::uint16_t number_;
};

}  // namespace mcdsl::tool
