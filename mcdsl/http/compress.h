#pragma once

#include <cstddef>

#include "mcdsl/http/application.h"

namespace mcdsl::http {

struct CompressOptions {
  std::size_t min_bytes = 1024;                  ///< shorter bodies fit into one packet as they are
  std::size_t max_bytes = std::size_t{8} << 20;  ///< longer ones cost too much time at once: make them files or streams
};

/// Packs bodies with zstd or gzip for clients that ask for it (RFC 9110 §12.5.3): text, JSON and the like, held as text
/// (no files, no streams), unless they would not become smaller. Says `Vary: Accept-Encoding` wherever the answer hung
/// on it, and makes a strong ETag weak (§8.8.1).
///
/// Left as they are: answers that set a cookie, carry `no-transform`, a digest or a coding already, and parts of
/// representations. HEAD is answered as GET would be.
///
/// Never put it before answers that hold a secret beside text that a stranger can choose: their length tells the secret
/// letter by letter (the attack is called BREACH). That is why no server has it on by itself.
[[nodiscard]] Middleware compress(CompressOptions options = {});

}  // namespace mcdsl::http
