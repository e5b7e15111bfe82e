#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/archive/archive.h"
#include "mcdsl/archive/internal/byte_source.h"
#include "mcdsl/crypto/digest.h"

namespace mcdsl::archive::internal {

/// Unpacks zstd frames (RFC 8878) that come from anywhere: not past the limits of window and ratio, nothing after the
/// trailer, and what is cut short is damaged.
class ZstdSource final : public ByteSource {
 public:
  /// `fd` stays the caller's; `input` in its place is for bytes that are in memory.
  ZstdSource(int fd, std::filesystem::path name, const Limits& limits);
  ZstdSource(std::string_view input, const Limits& limits);
  ~ZstdSource() override;

  [[nodiscard]] std::string_view next() override;

  /// So many bytes of the archive have been taken.
  [[nodiscard]] std::uint64_t bytes_in() const noexcept { return in_; }
  /// Whether the archive's last frame holds its digest, which was then right. At the end.
  [[nodiscard]] bool has_trailer() const noexcept { return has_trailer_; }
  /// Of the whole archive. At the end.
  [[nodiscard]] const std::string& sha256() const noexcept { return sha256_; }

 private:
  struct Context;

  [[nodiscard]] std::string_view peek(std::size_t size);
  void take(std::size_t size);
  [[nodiscard]] bool begin_frame();
  void read_trailer();
  void skip_frame();
  [[noreturn]] void refuse_damaged(const std::string& why) const;

  int fd_;
  std::filesystem::path name_;
  Limits limits_;
  std::unique_ptr<Context> context_;
  std::string input_;        // what was read
  std::string_view unread_;  // and not taken yet
  bool is_at_end_ = false;   // of the descriptor
  bool is_in_frame_ = false;
  bool has_trailer_ = false;
  std::string output_;
  crypto::Sha256Stream whole_;
  std::string sha256_;
  std::atomic<std::uint64_t> in_ = 0;  // read by others, for their progress
  std::uint64_t out_ = 0;
};

}  // namespace mcdsl::archive::internal
