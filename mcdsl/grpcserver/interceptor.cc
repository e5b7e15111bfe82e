#include "mcdsl/grpcserver/interceptor.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>

#include "mcdsl/base/error.h"
#include "mcdsl/http/recover.h"
#include "mcdsl/http/trace_context.h"

namespace mcdsl::grpcserver {
namespace {

constexpr std::size_t kCodes = 17;  // with 0 for success, as gRPC numbers them

std::size_t code_of(const Result<void>& result) noexcept {
  return result ? 0 : std::min<std::size_t>(static_cast<std::size_t>(result.error().code()), kCodes - 1);
}

std::string_view code_name(std::size_t code) noexcept {
  return code == 0 ? "ok" : name(static_cast<Code>(code));
}

// A caller that is gone, a call it got wrong: its own affair. What is ours is a warning, a bug an error.
log::Level level_of(const Result<void>& result) noexcept {
  if (result) {
    return log::Level::info;
  }
  switch (result.error().code()) {
    case Code::internal:
    case Code::unknown:
    case Code::data_loss:
      return log::Level::error;
    case Code::unavailable:
      return log::Level::warn;
    default:
      return log::Level::info;
  }
}

void write_line(const log::Logger& logger, Call& call, const Result<void>& result, std::chrono::nanoseconds duration) {
  constexpr std::size_t kLongestPath = 256;
  const log::Level level = level_of(result);
  if (!logger.enabled(level)) {
    return;
  }
  const http::Request& request = call.context.request();
  std::array<log::Field, 8> fields{{
      {"method", call.method != nullptr ? call.context.method() : request.path().substr(0, kLongestPath)},
      {"code", code_name(code_of(result))},
      {"duration", duration},
      {"client", call.context.peer().address},
      {"", ""},
      {"", ""},
      {"", ""},
      {"", ""},
  }};
  std::size_t count = 4;
  if (const auto id = call.context.request_id(); !id.empty()) {
    fields[count++] = {"request_id", id};
  }
  if (const auto* trace = request.get<http::TraceContext>()) {
    fields[count++] = {"trace_id", trace->trace_id};
  }
  if (const auto* caller = call.context.find_caller()) {
    fields[count++] = {"user", caller->username};
  }
  const std::string error = result ? std::string() : result.error().to_string();
  if (!result) {
    fields[count++] = {"error", error};
  }
  logger.write(level, "rpc", std::span(fields.data(), count));
}

// The series of one method. Those of codes that never came are not made.
class MethodMetrics {
 public:
  MethodMetrics(metrics::Registry& registry, std::string method)
      : registry_(registry),
        method_(std::move(method)),
        durations_(registry.histogram("rpc_call_duration_seconds", "Time until a call had ended.",
                                      metrics::Buckets::durations(), {{"method", method_}})) {}

  void count(std::size_t code, std::chrono::nanoseconds duration) {
    durations_.observe(duration);
    metrics::Counter* counter = counters_[code].load(std::memory_order_acquire);
    if (counter == nullptr) {
      counter = &registry_.counter("rpc_calls_total", "Calls that have ended.",
                                   {{"code", std::string(code_name(code))}, {"method", method_}});
      counters_[code].store(counter, std::memory_order_release);  // another thread has found the same
    }
    counter->add();
  }

 private:
  metrics::Registry& registry_;
  const std::string method_;
  metrics::Histogram& durations_;
  std::array<std::atomic<metrics::Counter*>, kCodes> counters_{};
};

// In flight from its construction to its end.
class InFlight {
 public:
  explicit InFlight(metrics::Gauge& gauge) : gauge_(gauge) { gauge_.add(1); }
  ~InFlight() { gauge_.add(-1); }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  metrics::Gauge& gauge_;
};

// Shows each message to a check.
class ValidatingReader final : public MessageReader {
 public:
  ValidatingReader(MessageReader& from, const std::function<Result<void>(const google::protobuf::Message&)>& check)
      : from_(from), check_(check) {}

  Result<bool> read(google::protobuf::Message& into) override {
    auto more = from_.read(into);
    if (more && *more) {
      if (auto good = check_(into); !good) {
        return std::unexpected(std::move(good).error());
      }
    }
    return more;
  }
  Result<void> expect_end() override { return from_.expect_end(); }

 private:
  MessageReader& from_;
  const std::function<Result<void>(const google::protobuf::Message&)>& check_;
};

}  // namespace

Interceptor recover() {
  return [](CallHandler next) -> CallHandler {
    return [next = std::move(next)](Call& call) -> Result<void> {
      try {
        return next(call);
      } catch (...) {
        return std::unexpected(http::error_of(std::current_exception()));
      }
    };
  };
}

Interceptor access_log(log::Logger logger, const Clock& clock) {
  return [logger = std::move(logger), &clock](CallHandler next) -> CallHandler {
    return [logger, &clock, next = std::move(next)](Call& call) {
      const auto start = clock.steady();
      Result<void> result = next(call);
      write_line(logger, call, result, clock.steady() - start);
      return result;
    };
  };
}

Interceptor call_metrics(metrics::Registry& registry, const Clock& clock) {
  metrics::Gauge& in_flight = registry.gauge("rpc_calls_in_flight", "Calls that are being handled.");
  return [&registry, &in_flight, &clock](CallHandler next) -> CallHandler {
    // Made with the first call, when its method is known.
    struct Lazy {
      std::once_flag once;
      std::unique_ptr<MethodMetrics> metrics;
    };
    return [&registry, &in_flight, &clock, lazy = std::make_shared<Lazy>(), next = std::move(next)](Call& call) {
      const InFlight guard(in_flight);
      const auto start = clock.steady();
      Result<void> result = next(call);
      std::call_once(lazy->once, [&] {
        lazy->metrics = std::make_unique<MethodMetrics>(
            registry, call.method != nullptr ? std::string(call.context.method()) : std::string("unknown"));
      });
      lazy->metrics->count(code_of(result), clock.steady() - start);
      return result;
    };
  };
}

Interceptor authenticate(const auth::TokenVerifier* verifier) {
  return [verifier](CallHandler next) -> CallHandler {
    return [verifier, next = std::move(next)](Call& call) -> Result<void> {
      if (call.access.is_open()) {
        return next(call);
      }
      const http::Request& request = call.context.request();
      if (const auto token = request.bearer_token(); token && verifier != nullptr) {
        auto found = verifier->verify(*token, call.context.time_left());
        if (!found) {
          return std::unexpected(std::move(found).error());
        }
        call.context.set_caller(*std::move(found));
      }
      if (auto allowed = call.access.check(call.context.find_caller()); !allowed) {
        return allowed;
      }
      return next(call);
    };
  };
}

Interceptor validate(std::function<Result<void>(const google::protobuf::Message&)> check) {
  return [check = std::make_shared<const std::function<Result<void>(const google::protobuf::Message&)>>(
              std::move(check))](CallHandler next) -> CallHandler {
    return [check, next = std::move(next)](Call& call) {
      ValidatingReader reader(call.reader, *check);
      Call checked{call.method, call.access, call.context, reader, call.writer};
      return next(checked);
    };
  };
}

}  // namespace mcdsl::grpcserver
