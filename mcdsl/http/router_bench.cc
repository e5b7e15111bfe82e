// What stands between the protocol and a handler: matching, and the standard middlewares.

#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "mcdsl/http/access_log.h"
#include "mcdsl/http/pipeline.h"
#include "mcdsl/http/request_id.h"
#include "mcdsl/http/request_metrics.h"
#include "mcdsl/http/router.h"
#include "mcdsl/http/security_headers.h"

namespace mcdsl::http {
namespace {

class NullSink final : public log::Sink {
 public:
  void write(log::Level /*level*/, std::string_view line) noexcept override { benchmark::DoNotOptimize(line.data()); }
};

Router make_router() {
  Router router;
  router.get("/v1/health", [] { return no_content(); });
  router.route("/v1/documents", [](Router& documents) {
    documents.get("/", [] { return no_content(); });
    documents.get("/{slug}", [] { return no_content(); });
    documents.put("/{slug}", [] { return no_content(); });
    documents.delete_("/{slug}", [] { return no_content(); });
    documents.post("/{slug}/read", [] { return no_content(); });
    documents.post("/{slug}/unread", [] { return no_content(); });
  });
  for (int i = 0; i < 50; ++i) {
    router.get("/v1/other" + std::to_string(i) + "/{id}", [] { return no_content(); });
  }
  router.get("/static/*", [] { return no_content(); });
  return router;
}

void answer(benchmark::State& state, const Application& application, std::string_view target) {
  Request request;
  for (auto _ : state) {
    request.start(Method::get, target);
    benchmark::DoNotOptimize(application.plan(request));
    Response response = application.serve(request);
    benchmark::DoNotOptimize(response);
  }
}

void route_without_parameter(benchmark::State& state) {
  answer(state, make_router(), "/v1/health");
}
BENCHMARK(route_without_parameter);

void route_with_parameter(benchmark::State& state) {
  answer(state, make_router(), "/v1/documents/reading-queue");
}
BENCHMARK(route_with_parameter);

void route_with_escaped_parameter(benchmark::State& state) {
  answer(state, make_router(), "/v1/documents/reading%20queue");
}
BENCHMARK(route_with_escaped_parameter);

void no_route(benchmark::State& state) {
  answer(state, make_router(), "/v1/documents/a/b/c");
}
BENCHMARK(no_route);

void each_middleware(benchmark::State& state, const std::vector<Middleware>& middlewares) {
  const Router router = make_router();
  const Pipeline pipeline(router, middlewares);
  answer(state, pipeline, "/v1/documents/reading-queue");
}
BENCHMARK_CAPTURE(each_middleware, none, {});
BENCHMARK_CAPTURE(each_middleware, request_id, {request_id()});
BENCHMARK_CAPTURE(each_middleware, access_log, {access_log(log::Logger(std::make_shared<NullSink>()))});

void with_metrics(benchmark::State& state) {
  metrics::Registry registry;
  each_middleware(state, {request_metrics(registry)});
}
BENCHMARK(with_metrics)->Name("each_middleware/request_metrics");

BENCHMARK_CAPTURE(each_middleware, security_headers, {security_headers()});
BENCHMARK_CAPTURE(each_middleware, all_three,
                  {request_id(), access_log(log::Logger(std::make_shared<NullSink>())), security_headers()});

}  // namespace
}  // namespace mcdsl::http
