#include "mcdsl/archive/internal/zstd_source.h"

#include <algorithm>
#include <utility>

#include <zstd.h>
#include <zstd_errors.h>

#include "mcdsl/archive/internal/system.h"
#include "mcdsl/archive/internal/trailer.h"

namespace mcdsl::archive::internal {
namespace {

constexpr std::size_t kInput = std::size_t{256} << 10U;
constexpr std::size_t kOutput = std::size_t{512} << 10U;
constexpr std::uint64_t kFreeOfRatio = std::uint64_t{256} << 20U;
constexpr std::uint32_t kSkippable = 0x184D2A50;  // and the 15 after it (RFC 8878 §3.1.2)

}  // namespace

struct ZstdSource::Context {
  ZSTD_DCtx* zstd = ZSTD_createDCtx();
  Context() = default;
  ~Context() { ZSTD_freeDCtx(zstd); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

ZstdSource::ZstdSource(int fd, std::filesystem::path name, const Limits& limits)
    : fd_(fd), name_(std::move(name)), limits_(limits), context_(std::make_unique<Context>()), output_(kOutput, '\0') {
  const std::size_t set = ZSTD_DCtx_setParameter(context_->zstd, ZSTD_d_windowLogMax, limits.max_window_log);
  if (ZSTD_isError(set) != 0) {
    throw Exception(Code::invalid_argument, "max_window_log is " + std::to_string(limits.max_window_log));
  }
}

ZstdSource::ZstdSource(std::string_view input, const Limits& limits) : ZstdSource(-1, "memory", limits) {
  unread_ = input;
  is_at_end_ = true;
}

ZstdSource::~ZstdSource() = default;

void ZstdSource::refuse_damaged(const std::string& why) const {
  throw Refusal(Code::data_loss, "archive " + shown(name_.native()) + " is damaged: " + why);
}

// At least `size` bytes that were not taken yet; fewer at the end only.
std::string_view ZstdSource::peek(std::size_t size) {
  if (unread_.size() < size && !is_at_end_) {
    std::string rest(unread_);
    rest.resize(std::max(kInput, size));
    const std::size_t kept = unread_.size();
    const std::size_t count = read_up_to(fd_, rest.data() + kept, rest.size() - kept, name_);
    is_at_end_ = kept + count < rest.size();
    rest.resize(kept + count);
    input_ = std::move(rest);
    unread_ = input_;
  }
  return unread_;
}

void ZstdSource::take(std::size_t size) {
  const std::string_view taken = unread_.substr(0, size);
  whole_.update(taken);
  in_ += size;
  unread_.remove_prefix(size);
}

std::string_view ZstdSource::next() {
  for (;;) {
    if (!is_in_frame_ && !begin_frame()) {
      return {};
    }
    const std::string_view bytes = peek(1);
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    ZSTD_outBuffer output{output_.data(), output_.size(), 0};
    const std::size_t wanted = ZSTD_decompressStream(context_->zstd, &output, &input);
    if (ZSTD_isError(wanted) != 0) {
      if (ZSTD_getErrorCode(wanted) == ZSTD_error_frameParameter_windowTooLarge) {
        throw Refusal(Code::resource_exhausted, "archive " + shown(name_.native()) +
                                                    " refers back farther than a window of 2^" +
                                                    std::to_string(limits_.max_window_log) + " bytes");
      }
      refuse_damaged(ZSTD_getErrorName(wanted));
    }
    take(input.pos);
    is_in_frame_ = wanted != 0;
    out_ += output.pos;
    if (out_ > kFreeOfRatio && out_ - kFreeOfRatio > in_ * limits_.max_ratio) {
      throw Refusal(Code::resource_exhausted, "archive " + shown(name_.native()) + " unpacks to more than " +
                                                  std::to_string(limits_.max_ratio) + " times its size");
    }
    if (output.pos > 0) {
      return std::string_view(output_).substr(0, output.pos);
    }
    if (is_in_frame_ && unread_.empty() && peek(1).empty()) {
      refuse_damaged("it is cut short");
    }
  }
}

// Whether there is one that holds data; those to be skipped are.
bool ZstdSource::begin_frame() {
  for (;;) {
    const std::string_view head = peek(8).substr(0, 8);
    if (head.empty() && in_ > 0) {
      if (sha256_.empty()) {
        sha256_ = crypto::to_hex(whole_.finish());
      }
      return false;
    }
    if (has_trailer_) {
      refuse_damaged("something follows its end");
    }
    const std::uint32_t magic = head.size() < 4 ? 0 : little_endian(head);
    if (magic == ZSTD_MAGICNUMBER) {
      is_in_frame_ = true;
      return true;
    }
    if ((magic & ~0xFU) != kSkippable || head.size() < 8) {
      if (in_ == 0) {
        throw Refusal(Code::invalid_argument, shown(name_.native()) + " is not an archive: it is not zstd");
      }
      refuse_damaged("something follows its end");
    }
    if (magic == kTrailerMagic) {
      read_trailer();
    } else {
      skip_frame();
    }
  }
}

void ZstdSource::read_trailer() {
  constexpr std::size_t kSize = 8 + kTrailerPayload;
  const std::string trailer(peek(kSize).substr(0, kSize));
  const std::string_view view = trailer;
  if (trailer.size() < kSize || little_endian(view.substr(4)) != kTrailerPayload ||
      view.substr(8, kTrailerName.size()) != kTrailerName) {
    refuse_damaged("it is cut short");
  }
  if (view.substr(8 + kTrailerName.size()) != crypto::as_bytes(whole_.so_far())) {
    refuse_damaged("its SHA-256 is another one");
  }
  has_trailer_ = true;
  take(kSize);
}

void ZstdSource::skip_frame() {
  std::uint64_t left = little_endian(peek(8).substr(4));
  take(8);
  while (left > 0) {
    const std::string_view bytes = peek(1);
    if (bytes.empty()) {
      refuse_damaged("it is cut short");
    }
    const std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(left, bytes.size()));
    take(part);
    left -= part;
  }
}

}  // namespace mcdsl::archive::internal
