#include "mcdsl/http/trace_context.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>

namespace mcdsl::http {
namespace {

constexpr std::size_t kTraceIdSize = 32;
constexpr std::size_t kSpanIdSize = 16;
constexpr std::size_t kVersion00Size = 2 + 1 + kTraceIdSize + 1 + kSpanIdSize + 1 + 2;
constexpr unsigned kSampled = 0x01;  // the only flag that version 00 knows (§3.2.2.5)

bool is_lower_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, is_lower_hex);
}

bool is_id(std::string_view text) {
  return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

unsigned hex_value(char c) {
  return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
}

// A key of `tracestate` (§3.3.1.3.1): a lower-case name, perhaps with a tenant before an '@'.
bool is_state_key(std::string_view key) {
  constexpr std::size_t kLongest = 256;
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
  };
  const bool starts_well = !key.empty() && ((key[0] >= 'a' && key[0] <= 'z') || (key[0] >= '0' && key[0] <= '9'));
  return starts_well && key.size() <= kLongest && std::ranges::all_of(key, is_part) &&
         std::ranges::count(key, '@') <= 1 && !key.ends_with('@');
}

// A value of it (§3.3.1.3.2): printable ASCII without ',' and '=', not ending in a space.
bool is_state_value(std::string_view value) {
  constexpr std::size_t kLongest = 256;
  return !value.empty() && value.size() <= kLongest && !value.ends_with(' ') &&
         std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; });
}

// The whole of `tracestate` over its lines; empty where it is malformed or larger than must be passed on (§3.3.1.5).
std::string read_state(const Headers& headers) {
  constexpr std::size_t kLongest = 512;
  constexpr int kMostMembers = 32;
  std::string state;
  int members = 0;
  for (const Headers::Field field : headers) {
    if (field.name != "tracestate") {
      continue;
    }
    for (std::string_view rest = field.value; !rest.empty();) {
      const auto comma = std::min(rest.find(','), rest.size());
      const std::string_view member = trim(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      if (member.empty()) {
        continue;
      }
      const auto equals = member.find('=');
      if (equals == std::string_view::npos || !is_state_key(member.substr(0, equals)) ||
          !is_state_value(member.substr(equals + 1)) || ++members > kMostMembers) {
        return {};
      }
      state.append(state.empty() ? "" : ",").append(member);
    }
  }
  return state.size() <= kLongest ? state : std::string();
}

// Numbers from a counter with a random start, spread over all bits (SplitMix64): never the same twice, never zero.
class IdSource {
 public:
  std::string next() {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::uint64_t value = 0;
    while (value == 0) {
      value = mix(counter_.fetch_add(kStep, std::memory_order_relaxed));
    }
    std::string text(kSpanIdSize, '0');
    for (char& c : text) {
      c = kDigits[value & 15U];
      value >>= 4U;
    }
    return text;
  }

 private:
  static constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15U;

  static std::uint64_t random_start() {
    std::random_device device;
    return (std::uint64_t{device()} << 32U) | device();
  }

  static std::uint64_t mix(std::uint64_t value) {
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31U);
  }

  std::atomic<std::uint64_t> counter_{random_start()};
};

// What the sender said of the trace; nullopt where it said nothing that holds.
std::optional<TraceContext> read_trace(const Headers& headers) {
  const auto sent = headers.get("traceparent");
  auto trace = sent && headers.count("traceparent") == 1 ? parse_traceparent(*sent) : std::nullopt;
  if (trace) {
    trace->state = read_state(headers);
  }
  return trace;
}

}  // namespace

std::string TraceContext::traceparent() const {
  return std::string("00-").append(trace_id).append("-").append(span_id).append(sampled ? "-01" : "-00");
}

std::optional<TraceContext> parse_traceparent(std::string_view value) {
  // Later versions may append to what version 00 has, and "ff" is none (§3.2.2.1, §4.3).
  const bool is_00 = value.starts_with("00-");
  if (value.size() < kVersion00Size || (is_00 && value.size() != kVersion00Size) || value.starts_with("ff") ||
      (value.size() > kVersion00Size && value[kVersion00Size] != '-')) {
    return std::nullopt;
  }
  constexpr std::size_t kTraceIdAt = 3;
  constexpr std::size_t kParentIdAt = kTraceIdAt + kTraceIdSize + 1;
  constexpr std::size_t kFlagsAt = kParentIdAt + kSpanIdSize + 1;
  const std::string_view trace_id = value.substr(kTraceIdAt, kTraceIdSize);
  const std::string_view parent_id = value.substr(kParentIdAt, kSpanIdSize);
  const std::string_view flags = value.substr(kFlagsAt, 2);
  if (!is_hex(value.substr(0, 2)) || value[kTraceIdAt - 1] != '-' || value[kParentIdAt - 1] != '-' ||
      value[kFlagsAt - 1] != '-' || !is_id(trace_id) || !is_id(parent_id) || !is_hex(flags)) {
    return std::nullopt;
  }
  TraceContext trace;
  trace.trace_id = trace_id;
  trace.parent_id = parent_id;
  trace.sampled = (hex_value(flags[1]) & kSampled) != 0;
  return trace;
}

Middleware trace_context(TraceOptions options) {
  return [options, ids = std::make_shared<IdSource>()](Handler next) -> Handler {
    return [options, ids, next = std::move(next)](Request& request) {
      auto trace = read_trace(request.headers());
      if (!trace && options.start) {
        trace.emplace();
        trace->trace_id = ids->next() + ids->next();
      }
      if (trace) {
        trace->span_id = ids->next();
        request.set(*std::move(trace));
      }
      return next(request);
    };
  };
}

}  // namespace mcdsl::http
