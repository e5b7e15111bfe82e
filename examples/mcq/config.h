#pragma once

#include "mcdsl/config/binder.h"
#include "mcdsl/config/standard.h"

namespace mcq {

struct Config : mcdsl::config::Standard {
  void bind(mcdsl::config::Binder& b) {
    Standard::bind(b);
    b.require("database.path");
    b.require("mcias.server_url");
  }
};

}  // namespace mcq
