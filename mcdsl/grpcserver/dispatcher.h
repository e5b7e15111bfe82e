#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mcdsl/grpcserver/interceptor.h"
#include "mcdsl/grpcserver/method.h"
#include "mcdsl/http/application.h"
#include "mcdsl/http/router.h"
#include "mcdsl/httpserver/calls.h"

namespace mcdsl::grpcserver {

struct DispatcherOptions {
  /// Tells callers by their tokens. Null: only methods with the rule `open` can be called.
  const auth::TokenVerifier* verifier = nullptr;
  /// Rules by method ("mcq.v1.DocumentService/GetDocument") or service ("mcq.v1.DocumentService"), in place of what the
  /// proto file says.
  std::map<std::string, auth::Access, std::less<>> access{};
  /// Around every method, the first outermost; within request log, metrics, recovery and authentication.
  std::vector<Interceptor> interceptors{};

  log::Logger logger{};
  metrics::Registry* registry = nullptr;
  const Clock& clock = system_clock();

  std::size_t max_received_bytes = std::size_t{4} << 20U;  ///< of one message, as sent and unpacked
  std::size_t max_sent_bytes = std::size_t{64} << 20U;
  /// Of calls that neither stream nor bring a deadline. Zero: none.
  std::chrono::nanoseconds default_timeout = std::chrono::seconds(30);
};

/// Answers the calls of generated services, each by one handler and one access rule, in whatever way they come: gRPC,
/// gRPC-Web, the Connect protocol, and REST where the proto file has `google.api.http` annotations.
///
/// Around each method stand, outermost first: access log, metrics, recover, authenticate, and what the options add.
/// Methods that do not stream run on the event loop until they block; streams have a thread each, within the server's
/// `max_handler_threads`. A method that there is not is UNAUTHENTICATED to who brings no token, then UNIMPLEMENTED;
/// without a verifier UNIMPLEMENTED at once.
///
/// Errors: the constructor throws Exception (internal), naming every method without an access rule, every rule that is
/// none or names no method, every REST path that is malformed, names no field, or is another method's too.
/// Threads: all methods from any thread. Lifetime: services, verifier, registry and clock outlive it.
class Dispatcher final : public httpserver::Calls {
 public:
  explicit Dispatcher(const std::vector<ServiceBase*>& services, DispatcherOptions options = {});
  ~Dispatcher() override;
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// One method, for the `routes` command.
  struct Entry {
    std::string name;  ///< "mcq.v1.DocumentService/GetDocument"
    Kind kind;
    auth::Access access;
    bool is_internal;               ///< marked as one that has no REST route
    std::vector<http::Route> rest;  ///< its patterns are those of google.api.http
  };
  /// Ordered by name.
  [[nodiscard]] std::vector<Entry> entries() const;

  [[nodiscard]] bool takes(const http::Request& request) const noexcept override;
  http::BodyPlan plan(http::Request& request) const override;
  http::Response serve(http::Request& request) const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mcdsl::grpcserver
