#include "mcdsl/http/pipeline.h"

#include <ranges>
#include <utility>

#include "mcdsl/http/recover.h"

namespace mcdsl::http {
Pipeline::Pipeline(const Application& application, const std::vector<Middleware>& middlewares)
    : application_(application), handler_([&application](Request& request) { return application.serve(request); }) {
  for (const Middleware& middleware : std::views::reverse(middlewares)) {
    handler_ = middleware ? middleware(std::move(handler_)) : nullptr;
    if (!handler_) {
      throw Exception(Code::internal, "Pipeline: a middleware is empty");
    }
  }
}

BodyPlan Pipeline::plan(Request& request) const {
  return application_.plan(request);
}

Response Pipeline::serve(Request& request) const {
  try {
    return handler_(request);
  } catch (...) {
    return response_to(std::current_exception());
  }
}

}  // namespace mcdsl::http
