// What a proxy or a client may send about where a request comes from: the client's address against a plain search
// through the list of hops, blocks of addresses against their own text, and the trace that it belongs to.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/http/client_address.h"
#include "mcdsl/http/trace_context.h"

namespace {

using mcdsl::http::Cidr;
using mcdsl::http::IpAddress;
using mcdsl::http::Request;

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

const Cidr& ours() {
  static const Cidr block = *Cidr::parse("10.0.0.0/8");
  return block;
}

// The last address that is not ours and behind which all are; nullopt where the form of a hop is not a plain address.
std::optional<std::string> expected_client(std::string_view list, std::string_view peer) {
  std::vector<std::string_view> hops;
  while (true) {
    const auto comma = list.find(',');
    const std::string_view hop = mcdsl::http::trim(list.substr(0, comma));
    if (!hop.empty()) {
      hops.push_back(hop);
    }
    if (comma == std::string_view::npos) {
      break;
    }
    list.remove_prefix(comma + 1);
  }
  std::string client(peer);
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const auto address = IpAddress::parse(*hop);
    if (!address) {
      return hop->find_first_of("[]:") != std::string_view::npos ? std::nullopt : std::optional(client);
    }
    client = address->to_string();
    if (!ours().contains(*address)) {
      break;
    }
  }
  return client;
}

void check_request(std::string_view text, std::string_view peer) {
  static const mcdsl::http::Handler handler =
      mcdsl::http::client_address({.blocks = {ours()}})([](Request&) { return mcdsl::http::no_content(); });
  Request request;
  request.set_peer({.address = std::string(peer), .port = 1, .secure = false});
  auto& headers = request.mutable_headers();
  headers.add("host", "inner");
  if (!headers.try_add("x-forwarded-for", text)) {
    return;
  }
  headers.add("x-forwarded-host", text);
  headers.add("x-forwarded-proto", text);
  (void)handler(request);
  require(request.headers().size() == 1 && request.headers().contains("host"));
  if (peer != "10.0.0.1") {
    require(request.peer().address == peer && request.peer().port == 1 && request.header("host") == "inner");
    return;
  }
  require(IpAddress::parse(request.peer().address).has_value());
  if (const auto client = expected_client(text, peer)) {
    require(request.peer().address == *client);
  }
}

void check_block(std::string_view text) {
  if (const auto address = IpAddress::parse(text)) {
    require(IpAddress::parse(address->to_string()) == address);
    require(Cidr::parse(text)->contains(*address));
  }
  if (const auto block = Cidr::parse(text)) {
    const auto network = IpAddress::parse(text.substr(0, text.find('/')));
    require(network && (block->contains(*network) || network->is_v4()));
  }
}

void check_trace(std::string_view text) {
  if (const auto trace = mcdsl::http::parse_traceparent(text)) {
    require(trace->trace_id == text.substr(3, 32) && trace->parent_id == text.substr(36, 16));
  }
  static const mcdsl::http::Handler handler =
      mcdsl::http::trace_context()([](Request&) { return mcdsl::http::no_content(); });
  Request request;
  auto& headers = request.mutable_headers();
  headers.add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  if (headers.try_add("tracestate", text)) {
    (void)handler(request);
    const auto* trace = request.get<mcdsl::http::TraceContext>();
    require(trace->state.size() <= 512 && mcdsl::http::is_field_value(trace->state));
    require(mcdsl::http::parse_traceparent(trace->traceparent()).has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_request(text, "10.0.0.1");
  check_request(text, "203.0.113.5");
  check_block(text);
  check_trace(text);
  return 0;
}
