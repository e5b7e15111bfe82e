#include "mcdsl/archive/internal/zstd_writer.h"

#include <algorithm>
#include <cstddef>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <zstd.h>

#include "mcdsl/archive/internal/system.h"
#include "mcdsl/archive/internal/trailer.h"

namespace mcdsl::archive::internal {
namespace {

// Each thread has a job of input, one of output and its tables; with these, level 3 stays within 64 MiB in all.
constexpr unsigned kMaxThreads = 8;
constexpr int kJobsInAll = 8 << 20;

constexpr std::uint64_t kSendOn = std::uint64_t{8} << 20U;

void check(std::size_t result, const std::filesystem::path& name) {
  if (ZSTD_isError(result) != 0) {
    throw Exception(Code::internal, "compress " + shown(name.native()) + ": " + ZSTD_getErrorName(result));
  }
}

}  // namespace

struct ZstdWriter::Context {
  ZSTD_CCtx* zstd = ZSTD_createCCtx();
  Context() = default;
  ~Context() { ZSTD_freeCCtx(zstd); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

ZstdWriter::ZstdWriter(int fd, std::filesystem::path name, int level)
    : fd_(fd), name_(std::move(name)), context_(std::make_unique<Context>()), buffer_(ZSTD_CStreamOutSize(), '\0') {
  const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1U, kMaxThreads);
  const auto set = [&](ZSTD_cParameter parameter, int value) {
    check(ZSTD_CCtx_setParameter(context_->zstd, parameter, value), name_);
  };
  set(ZSTD_c_compressionLevel, level);
  set(ZSTD_c_checksumFlag, 1);
  // A library without threads refuses; then this thread does the work.
  if (ZSTD_isError(ZSTD_CCtx_setParameter(context_->zstd, ZSTD_c_nbWorkers, static_cast<int>(threads))) == 0) {
    set(ZSTD_c_jobSize, std::min(kJobsInAll / static_cast<int>(threads), 2 << 20));
  }
}

ZstdWriter::~ZstdWriter() = default;

void ZstdWriter::write(std::string_view bytes) {
  in_ += bytes.size();
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  while (input.pos < input.size) {
    ZSTD_outBuffer output{buffer_.data(), buffer_.size(), 0};
    check(ZSTD_compressStream2(context_->zstd, &output, &input, ZSTD_e_continue), name_);
    emit(std::string_view(buffer_).substr(0, output.pos));
  }
}

void ZstdWriter::finish() {
  ZSTD_inBuffer input{nullptr, 0, 0};
  for (std::size_t left = 1; left != 0;) {
    ZSTD_outBuffer output{buffer_.data(), buffer_.size(), 0};
    left = ZSTD_compressStream2(context_->zstd, &output, &input, ZSTD_e_end);
    check(left, name_);
    emit(std::string_view(buffer_).substr(0, output.pos));
  }
  std::string trailer;
  append_little_endian(trailer, kTrailerMagic);
  append_little_endian(trailer, static_cast<std::uint32_t>(kTrailerPayload));
  trailer += kTrailerName;
  trailer += crypto::as_bytes(whole_.so_far());
  emit(trailer);
  sha256_ = crypto::to_hex(whole_.finish());
}

void ZstdWriter::emit(std::string_view bytes) {
  if (bytes.empty()) {
    return;
  }
  whole_.update(bytes);
  write_all(fd_, bytes, name_);
  out_ += bytes.size();
  // Sent on to the disk as it comes, the whole is soon synced at the end. Of a pipe there is nothing to be sent.
  if (out_ - sent_on_ >= kSendOn) {
    (void)::sync_file_range(fd_, 0, 0, SYNC_FILE_RANGE_WRITE);
    sent_on_ = out_;
  }
}

}  // namespace mcdsl::archive::internal
