#pragma once

#include <cstdint>

#include "mcdsl/config/binder.h"
#include "mcdsl/config/standard.h"

namespace my_notes {

// The sections that every service has, and what is this one's own.
struct Config : mcdsl::config::Standard {
  std::int64_t max_notes = 1000;

  void bind(mcdsl::config::Binder& b) {
    Standard::bind(b);
    b.field("max_notes", max_notes, {.doc = "Notes that an account may keep.", .min = 1, .max = 1'000'000});
    b.require("database.path");
    b.require("mcias.server_url");
    // [if web]
    b.require("web.public_url");
    // [end]
  }
};

}  // namespace my_notes
