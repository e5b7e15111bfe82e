#include "mcdsl/http/internal/compressor.h"

#include <mutex>
#include <utility>
#include <vector>

#include <zlib.h>
#include <zstd.h>

namespace mcdsl::http::internal {
namespace {

// By measurement of JSON and prose: gzip 5 takes up to twice the time of 4 for half a percent, zstd 4 half as much
// again as 3 for one at best. Level 3 keeps to windows of 2 MiB; RFC 9659 allows 8.
constexpr int kGzipLevel = 4;
constexpr int kZstdLevel = 3;

// A window of 32 KiB, and 16 more for the gzip format (RFC 1952); about 270 KB of memory while a body is packed.
constexpr int kGzipWindowBits = 15 + 16;
constexpr int kGzipMemoryLevel = 8;

// What is kept. Bodies of more than about 64 KiB take larger contexts, to which a new one makes no difference.
constexpr std::size_t kMostContexts = 4;
constexpr std::size_t kMostContextMemory = std::size_t{768} << 10U;

constexpr std::size_t kMostBytes = std::size_t{1} << 30U;  // zlib counts in 32 bits

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};
using Context = std::unique_ptr<ZSTD_CCtx, FreeContext>;

// The packed size; 0 where it does not fit into `out`.
std::size_t pack_gzip(std::string_view bytes, std::string& out) {
  z_stream stream{};
  if (deflateInit2(&stream, kGzipLevel, Z_DEFLATED, kGzipWindowBits, kGzipMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
    return 0;
  }
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): zlib does not write to its input.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  const std::size_t size = out.size() - stream.avail_out;
  deflateEnd(&stream);
  return whole ? size : 0;
}

}  // namespace

struct Compressor::State {
  Context take() {
    {
      const std::scoped_lock lock(mutex);
      if (!contexts.empty()) {
        Context context = std::move(contexts.back());
        contexts.pop_back();
        return context;
      }
    }
    return Context(ZSTD_createCCtx());
  }

  void give_back(Context context) {
    const std::scoped_lock lock(mutex);
    if (contexts.size() < kMostContexts && ZSTD_sizeof_CCtx(context.get()) <= kMostContextMemory) {
      contexts.push_back(std::move(context));
    }
  }

  std::size_t pack_zstd(std::string_view bytes, std::string& out) {
    Context context = take();
    if (context == nullptr) {
      return 0;
    }
    const std::size_t size =
        ZSTD_compressCCtx(context.get(), out.data(), out.size(), bytes.data(), bytes.size(), kZstdLevel);
    give_back(std::move(context));
    return ZSTD_isError(size) != 0 ? 0 : size;
  }

  std::mutex mutex;
  std::vector<Context> contexts;
};

Compressor::Compressor() : state_(std::make_unique<State>()) {}
Compressor::~Compressor() = default;

std::optional<std::string> Compressor::pack(ContentCoding coding, std::string_view bytes) {
  if (bytes.size() < 2 || bytes.size() > kMostBytes) {
    return std::nullopt;
  }
  std::string out(bytes.size() - 1, '\0');
  const std::size_t size = coding == ContentCoding::gzip ? pack_gzip(bytes, out) : state_->pack_zstd(bytes, out);
  if (size == 0) {
    return std::nullopt;
  }
  out.resize(size);
  out.shrink_to_fit();
  return out;
}

std::size_t Compressor::memory() const {
  const std::scoped_lock lock(state_->mutex);
  std::size_t bytes = 0;
  for (const Context& context : state_->contexts) {
    bytes += ZSTD_sizeof_CCtx(context.get());
  }
  return bytes;
}

}  // namespace mcdsl::http::internal
