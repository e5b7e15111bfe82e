#pragma once

#include "mcdsl/config/binder.h"
#include "mcdsl/config/standard.h"

namespace mcq {

struct Config : mcdsl::config::Standard {
  // A file that is given up is gone for good, so the commit that gives it up must be too.
  Config() {
    database.synchronous = mcdsl::config::Synchronous::full;
    server.max_message_bytes = std::int64_t{5} << 20U;  // a document of 4 MiB, in JSON
  }

  void bind(mcdsl::config::Binder& b) {
    Standard::bind(b);
    b.require("database.path");
    b.require("mcias.server_url");
  }
};

}  // namespace mcq
