#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/http/request.h"

namespace mcdsl::net {

/// Reads the header that a proxy puts before a connection's own bytes (haproxy's proxy-protocol.txt, versions 1 and 2).
/// It takes no byte beyond the header, keeps at most 107 of them, and refuses whatever the text does not allow: a
/// receiver that guesses whether there is a header can be lied to.
///
/// Threads: belongs to its connection's.
class ProxyHeaderParser {
 public:
  enum class State : std::uint8_t {
    more,       ///< the header goes on
    done,       ///< what comes next is the connection's own
    malformed,  ///< to be closed without an answer
  };

  /// Returns how many of the bytes belong to the header; fewer than there are only once the state is not `more`.
  std::size_t feed(std::string_view bytes);

  [[nodiscard]] State state() const noexcept { return state_; }

  /// Once done: who is behind the proxy ("unix" over a Unix socket); nullopt where the connection is the proxy's own
  /// (LOCAL) or it does not know (UNKNOWN, AF_UNSPEC): the connection's peer counts then.
  [[nodiscard]] const std::optional<http::Peer>& source() const noexcept { return source_; }

 private:
  void take(char byte);
  void take_v1(char byte);
  void take_v2();
  bool read_v1(std::string_view line);
  bool read_v2_start();
  void read_v2_source();

  State state_ = State::more;
  std::string head_;      // the whole of version 1; of version 2 what comes before the part that is passed over
  std::size_t keep_ = 0;  // of version 2: how long `head_` becomes, once it is known
  std::size_t skip_ = 0;  // of version 2: bytes behind it: TLVs, paths of Unix sockets
  std::optional<http::Peer> source_;
};

}  // namespace mcdsl::net
