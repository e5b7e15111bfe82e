// Feeds the input to the parser of PROXY headers, whole and in two pieces: the same must come of it, never more be
// taken than a header may have, and a source be an address.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mcdsl/http/cidr.h"
#include "mcdsl/net/internal/proxy_protocol.h"

namespace {

using mcdsl::net::ProxyHeaderParser;

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLongest = 65'551;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ProxyHeaderParser whole;
  const std::size_t taken = whole.feed(bytes);
  require(taken <= size && taken <= kLongest);
  require(taken == size || whole.state() != ProxyHeaderParser::State::more);
  if (const auto& source = whole.source(); source && whole.state() == ProxyHeaderParser::State::done) {
    require(source->address == "unix" || mcdsl::http::IpAddress::parse(source->address).has_value());
  }

  const std::size_t first = size == 0 ? 0 : data[size - 1] % (size + 1);
  ProxyHeaderParser pieces;
  std::size_t taken_in_pieces = pieces.feed(bytes.substr(0, first));
  if (pieces.state() == ProxyHeaderParser::State::more) {
    taken_in_pieces += pieces.feed(bytes.substr(first));
  }
  require(taken == taken_in_pieces && whole.state() == pieces.state());
  require(whole.source().has_value() == pieces.source().has_value());
  require(!whole.source() ||
          (whole.source()->address == pieces.source()->address && whole.source()->port == pieces.source()->port));
  return 0;
}
