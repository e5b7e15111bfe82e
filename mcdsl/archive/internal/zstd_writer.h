#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "mcdsl/crypto/digest.h"

namespace mcdsl::archive::internal {

/// Compresses into a descriptor with threads of its own: one frame with a checksum, then the trailer.
class ZstdWriter {
 public:
  /// `name` is for errors. The descriptor stays the caller's.
  ZstdWriter(int fd, std::filesystem::path name, int level);
  ~ZstdWriter();
  ZstdWriter(const ZstdWriter&) = delete;
  ZstdWriter& operator=(const ZstdWriter&) = delete;

  void write(std::string_view bytes);
  void finish();

  [[nodiscard]] std::uint64_t bytes_in() const noexcept { return in_; }
  [[nodiscard]] std::uint64_t bytes_out() const noexcept { return out_; }
  /// Of everything that was written. After `finish`.
  [[nodiscard]] const std::string& sha256() const noexcept { return sha256_; }

 private:
  struct Context;
  void emit(std::string_view bytes);

  int fd_;
  std::filesystem::path name_;
  std::unique_ptr<Context> context_;
  std::string buffer_;
  crypto::Sha256Stream whole_;
  std::string sha256_;
  std::uint64_t in_ = 0;
  std::uint64_t out_ = 0;
  std::uint64_t sent_on_ = 0;
};

}  // namespace mcdsl::archive::internal
