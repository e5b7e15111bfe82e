#pragma once

#include <functional>
#include <iosfwd>

#include "mcdsl/grpcserver/dispatcher.h"
#include "mcdsl/http/router.h"
#include "mcdsl/service/service.h"

namespace mcdsl::internal {

/// Has a service list what it would serve, where its `main` says `serve`.
struct RouteLister {
  static void list_in_place_of_serving(
      Service& service, std::function<void(const http::Router& router, const grpcserver::Dispatcher* dispatcher)> list);
};

/// `routes`: prints a line for each REST route and each RPC, with its access rule. Rules of routes that are written by
/// hand stand in their code.
void print_routes(const http::Router& router, const grpcserver::Dispatcher* dispatcher, std::ostream& out);

/// `routes --check`: names each RPC that has no REST route and is not marked internal. Whether there is none.
[[nodiscard]] bool check_routes(const grpcserver::Dispatcher* dispatcher, std::ostream& out);

}  // namespace mcdsl::internal
