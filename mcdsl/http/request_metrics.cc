#include "mcdsl/http/request_metrics.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace mcdsl::http {
namespace {

// The series of each route, found without a lock: chains that only ever grow at their head. They are bounded as the
// routes, methods and statuses of a program are.
class RouteTable {
 public:
  explicit RouteTable(metrics::Registry& registry) : registry_(registry) {}

  ~RouteTable() {
    for (const std::atomic<Route*>& head : heads_) {
      for (Route* route = head.load(); route != nullptr;) {
        const std::unique_ptr<Route> gone(std::exchange(route, route->next));
        for (Answer* answer = gone->answers.load(); answer != nullptr;) {
          const std::unique_ptr<Answer> gone_answer(std::exchange(answer, answer->next));
        }
      }
    }
  }
  RouteTable(const RouteTable&) = delete;
  RouteTable& operator=(const RouteTable&) = delete;

  void count(std::string_view pattern, Method method, int status, std::chrono::nanoseconds duration) {
    std::atomic<Route*>& head = heads_[std::hash<std::string_view>()(pattern) % heads_.size()];
    Route* route = find(head, pattern);
    if (route == nullptr) {
      route = add(head, pattern);
    }
    route->durations.observe(duration);
    Answer* answer = find(*route, method, status);
    if (answer == nullptr) {
      answer = add(*route, method, status);
    }
    answer->count.add();
  }

 private:
  struct Answer {
    Method method;
    int status;
    metrics::Counter& count;
    Answer* next;
  };
  struct Route {
    std::string pattern;
    metrics::Histogram& durations;
    Route* next;
    std::atomic<Answer*> answers{nullptr};
  };

  static Route* find(const std::atomic<Route*>& head, std::string_view pattern) {
    Route* route = head.load(std::memory_order_acquire);
    while (route != nullptr && route->pattern != pattern) {
      route = route->next;
    }
    return route;
  }

  static Answer* find(const Route& route, Method method, int status) {
    Answer* answer = route.answers.load(std::memory_order_acquire);
    while (answer != nullptr && (answer->status != status || answer->method != method)) {
      answer = answer->next;
    }
    return answer;
  }

  Route* add(std::atomic<Route*>& head, std::string_view pattern) {
    const std::scoped_lock lock(mutex_);
    if (Route* route = find(head, pattern)) {
      return route;  // another thread was faster
    }
    auto route = std::make_unique<Route>(
        std::string(pattern),
        registry_.histogram("http_request_duration_seconds", "Time until the response to a request was there.",
                            metrics::Buckets::durations(), {{"route", std::string(pattern)}}),
        head.load(std::memory_order_relaxed));
    head.store(route.get(), std::memory_order_release);
    return route.release();
  }

  Answer* add(Route& route, Method method, int status) {
    const std::scoped_lock lock(mutex_);
    if (Answer* answer = find(route, method, status)) {
      return answer;
    }
    auto answer = std::make_unique<Answer>(
        method, status,
        registry_.counter(
            "http_requests_total", "Requests that were answered.",
            {{"code", std::to_string(status)}, {"method", std::string(name(method))}, {"route", route.pattern}}),
        route.answers.load(std::memory_order_relaxed));
    route.answers.store(answer.get(), std::memory_order_release);
    return answer.release();
  }

  metrics::Registry& registry_;
  std::mutex mutex_;  // of those who add
  std::array<std::atomic<Route*>, 128> heads_{};
};

// In flight from its construction to its end, also where the handler throws.
class InFlight {
 public:
  explicit InFlight(metrics::Gauge& gauge) : gauge_(gauge) { gauge_.add(1); }
  ~InFlight() { gauge_.add(-1); }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  metrics::Gauge& gauge_;
};

}  // namespace

Middleware request_metrics(metrics::Registry& registry, const Clock& clock) {
  metrics::Gauge& in_flight = registry.gauge("http_requests_in_flight", "Requests that are being handled.");
  return [routes = std::make_shared<RouteTable>(registry), &in_flight, &clock](Handler next) -> Handler {
    return [routes, &in_flight, &clock, next = std::move(next)](Request& request) {
      const InFlight guard(in_flight);
      const auto start = clock.steady();
      Response response = next(request);
      routes->count(request.route(), request.method(), response.status, clock.steady() - start);
      return response;
    };
  };
}

void add_metrics_route(Router& router, const metrics::Registry& registry) {
  router.get("/metrics", [&registry] {
    Response response;
    response.headers.add("content-type", metrics::kTextFormat);
    response.body = registry.expose();
    return response;
  });
}

}  // namespace mcdsl::http
