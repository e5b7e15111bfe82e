#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "mcdsl/http/body.h"
#include "mcdsl/net/internal/body_pipe.h"

namespace mcdsl::net {

/// What is still to be sent of a response whose body is not held as a whole: a file, or what a handler writes.
/// Threads: the loop's owner.
class BodySource {
 public:
  enum class Status : std::uint8_t {
    more,     ///< there may be more at once
    waiting,  ///< for the handler
    done,
    failed,  ///< what was promised will not come
  };

  BodySource() = default;
  explicit BodySource(http::FileBody file) : file_(std::move(file)), left_(file_.length) {}
  /// `length` where it was promised; without a pipe it fails. Lifetime: the pipe outlives it.
  BodySource(BodyPipe* pipe, std::optional<std::uint64_t> length)
      : pipe_(pipe), left_(length.value_or(0)), has_length_(length.has_value()) {}

  /// Appends up to `limit` bytes, from 1.
  [[nodiscard]] Status pull(std::size_t limit, std::string& out);

 private:
  [[nodiscard]] Status pull_file(std::size_t limit, std::string& out);
  [[nodiscard]] Status pull_pipe(std::size_t limit, std::string& out);

  http::FileBody file_;
  BodyPipe* pipe_ = nullptr;
  std::uint64_t left_ = 0;
  bool has_length_ = true;
};

}  // namespace mcdsl::net
