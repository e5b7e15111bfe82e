#include "mcdsl/testing/app_client.h"

#include <string>
#include <utility>

namespace mcdsl::testing {
namespace {

constexpr std::size_t kServerLimit = std::size_t{1} << 20U;  // a server's default

http::Response answer(const http::Application& application, http::Request& request, std::string_view body) {
  const http::BodyPlan plan = application.plan(request);
  if (body.size() > plan.max_bytes.value_or(kServerLimit)) {
    request.set_refusal({.status = 413, .text = "request body too large"});
  } else if (plan.wants_body) {
    request.mutable_body() = body;
  }
  return application.serve(request);
}

}  // namespace

AppClient AppClient::with_header(std::string_view name, std::string_view value) const {
  AppClient client = *this;
  client.headers_.set(name, value);
  return client;
}

AppClient AppClient::from(std::string_view address) const {
  AppClient client = *this;
  client.peer_.address = address;
  return client;
}

http::Response AppClient::post(std::string_view target, std::string_view json) const {
  return with_header("content-type", "application/json").send(http::Method::post, target, json);
}

http::Response AppClient::put(std::string_view target, std::string_view json) const {
  return with_header("content-type", "application/json").send(http::Method::put, target, json);
}

http::Response AppClient::patch(std::string_view target, std::string_view json) const {
  return with_header("content-type", "application/json").send(http::Method::patch, target, json);
}

http::Response AppClient::send(http::Method method, std::string_view target, std::string_view body) const {
  http::Request request;
  request.start(method, target);
  request.mutable_headers() = headers_;
  request.set_peer(peer_);
  http::Response response = answer(*application_, request, body);
  if (method == http::Method::head) {
    response.headers.set("content-length", std::to_string(response.body.size()));
    response.body.clear();
  }
  return response;
}

}  // namespace mcdsl::testing
