#include "mcdsl/health/grpc.h"

#include <algorithm>
#include <utility>

#include <grpc/health/v1/health.pb.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"
#include "mcdsl/grpcserver/stream.h"

namespace mcdsl::health {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using grpcserver::Context;
using grpcserver::Writer;

constexpr auto kLookInterval = std::chrono::seconds(1);

}  // namespace

class GrpcHealth::Calls {
 public:
  Calls(const Registry& registry, std::vector<std::string> services)
      : registry_(registry), services_(std::move(services)) {}

  Result<HealthCheckResponse> check(const Context& /*context*/, const HealthCheckRequest& request) {
    if (!knows(request.service())) {
      return fail_visible(Code::not_found, "no service \"" + printable(request.service()) + "\"");
    }
    HealthCheckResponse reply;
    reply.set_status(status());
    return reply;
  }

  Result<void> watch(const Context& context, const HealthCheckRequest& request, Writer<HealthCheckResponse>& out) {
    const Watcher watcher(watchers_);
    if (watcher.number() > kMostWatchers) {
      return fail_visible(Code::resource_exhausted, "too many watch already");
    }
    const bool is_known = knows(request.service());
    HealthCheckResponse last;
    for (bool drains = false, is_first = true; !drains; is_first = false) {
      HealthCheckResponse now;
      now.set_status(is_known ? status() : HealthCheckResponse::SERVICE_UNKNOWN);
      if (is_first || now.status() != last.status()) {
        if (auto sent = out.write(now); !sent) {
          return sent;
        }
      }
      last = now;
      drains = registry_.wait_for_drain(kLookInterval, context.stop_token());
      if (context.stop_token().stop_requested()) {
        return context.still_wanted();
      }
    }
    if (is_known && last.status() != HealthCheckResponse::NOT_SERVING) {
      last.set_status(HealthCheckResponse::NOT_SERVING);
      return out.write(last);
    }
    return {};
  }

 private:
  class Watcher {
   public:
    explicit Watcher(std::atomic<int>& count) : count_(count), number_(++count) {}
    ~Watcher() { --count_; }
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;
    [[nodiscard]] int number() const noexcept { return number_; }

   private:
    std::atomic<int>& count_;
    int number_;
  };

  [[nodiscard]] bool knows(const std::string& service) const {
    return service.empty() || std::ranges::find(services_, service) != services_.end();
  }

  [[nodiscard]] HealthCheckResponse::ServingStatus status() const {
    return registry_.report().serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
  }

  const Registry& registry_;
  const std::vector<std::string> services_;
  std::atomic<int> watchers_{0};
};

GrpcHealth::GrpcHealth(const Registry& registry, std::vector<std::string> services)
    : calls_(std::make_shared<Calls>(registry, std::move(services))) {}

std::vector<grpcserver::Method> GrpcHealth::methods() {
  const auto* service = HealthCheckRequest::descriptor()->file()->FindServiceByName("Health");
  return {grpcserver::unary(service->FindMethodByName("Check"), *calls_, &Calls::check),
          grpcserver::server_stream(service->FindMethodByName("Watch"), *calls_, &Calls::watch)};
}

}  // namespace mcdsl::health
