#include "mcdsl/http/pipeline.h"

#include <ranges>
#include <utility>

#include "mcdsl/http/recover.h"

namespace mcdsl::http {
namespace {

// Left in a request that the application has refused: the answer that waits at the end of the chain.
struct Refusal {
  Response response;
};

}  // namespace

Pipeline::Pipeline(const Application& application, const std::vector<Middleware>& middlewares)
    : application_(application), handler_([&application](Request& request) {
        const auto* refusal = request.get<Refusal>();
        return refusal != nullptr ? refusal->response : application.serve(request);
      }) {
  for (const Middleware& middleware : std::views::reverse(middlewares)) {
    handler_ = middleware ? middleware(std::move(handler_)) : nullptr;
    if (!handler_) {
      throw Exception(Code::internal, "Pipeline: a middleware is empty");
    }
  }
}

BodyPlan Pipeline::plan(Request& request) const {
  BodyPlan plan = application_.plan(request);
  if (plan.refusal) {
    request.set(Refusal{*std::move(plan.refusal)});
    plan.refusal = serve(request);
  }
  return plan;
}

Response Pipeline::serve(Request& request) const {
  try {
    return handler_(request);
  } catch (...) {
    return response_to(std::current_exception());
  }
}

}  // namespace mcdsl::http
