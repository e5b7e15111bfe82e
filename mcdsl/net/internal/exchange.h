#pragma once

#include "mcdsl/http/request.h"
#include "mcdsl/http/response.h"

namespace mcdsl::net {

class Connection;

/// One request on its way through a handler. While the handler runs, request and response are its alone; `connection`
/// is the loop's, which sets it to null when the connection went away or gave the answer up.
struct Exchange {
  http::Request request;
  http::Response response;
  Connection* connection = nullptr;
};

}  // namespace mcdsl::net
