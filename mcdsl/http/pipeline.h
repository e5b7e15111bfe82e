#pragma once

#include <vector>

#include "mcdsl/http/application.h"

namespace mcdsl::http {

/// Middlewares around a whole application: they see every request, also those that match no route (404, 405) or carry a
/// refusal (413). The place for request id, access log and recover.
///
/// Threads: `plan` and `serve` from any. Lifetime: `application` outlives the pipeline.
class Pipeline final : public Application {
 public:
  /// The first middleware is the outermost. Throws Exception (internal) where one is empty.
  Pipeline(const Application& application, const std::vector<Middleware>& middlewares);

  BodyPlan plan(Request& request) const override;
  Response serve(Request& request) const override;

 private:
  const Application& application_;
  Handler handler_;
};

}  // namespace mcdsl::http
