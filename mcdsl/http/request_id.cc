#include "mcdsl/http/request_id.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>

namespace mcdsl::http {
namespace {

// A counter from a random start, spread over all 64 bits by SplitMix64: a bijection, so no id comes twice.
class IdSource {
 public:
  std::string next() { return to_text(mix(counter_.fetch_add(1, std::memory_order_relaxed))); }

 private:
  static std::uint64_t random_start() {
    std::random_device device;
    return (std::uint64_t{device()} << 32U) | device();
  }

  static std::uint64_t mix(std::uint64_t value) {
    value *= 0x9E3779B97F4A7C15U;
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31U);
  }

  // Five bits a character: 13 of them fit a std::string without an allocation.
  static std::string to_text(std::uint64_t value) {
    constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford's: no i, l, o, u
    std::string text(13, '0');
    for (char& c : text) {
      c = kDigits[value & 31U];
      value >>= 5U;
    }
    return text;
  }

  std::atomic<std::uint64_t> counter_{random_start()};
};

bool is_acceptable(std::string_view id) {
  constexpr std::size_t kLongest = 64;
  return id.size() <= kLongest && is_token(id);
}

}  // namespace

Middleware request_id(RequestIdOptions options) {
  return [options, ids = std::make_shared<IdSource>()](Handler next) -> Handler {
    return [options, ids, next = std::move(next)](Request& request) {
      const auto sent = options.accept_from_client ? request.header("x-request-id") : std::nullopt;
      const auto id =
          std::make_shared<const RequestId>(sent && is_acceptable(*sent) ? std::string(*sent) : ids->next());
      request.set(id);
      Response response = next(request);
      response.headers.set("x-request-id", id->value);
      return response;
    };
  };
}

}  // namespace mcdsl::http
