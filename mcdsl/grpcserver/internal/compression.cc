#include "mcdsl/grpcserver/internal/compression.h"

#include <algorithm>
#include <limits>
#include <memory>

#include <zlib.h>

namespace mcdsl::grpcserver {
namespace {

// As for HTTP bodies (mcdsl/http/internal/compressor.cc has the measurement): gzip 5 takes up to twice the time of 4
// for half a percent.
constexpr int kLevel = 4;

// A window of 32 KiB, and 16 more for the gzip format (RFC 1952).
constexpr int kWindowBits = 15 + 16;
constexpr int kMemoryLevel = 8;

constexpr std::size_t kFirstGuess = 1024;
constexpr std::size_t kMostAtOnce = std::size_t{1} << 30U;  // zlib counts in 32 bits

struct EndInflate {
  void operator()(z_stream* stream) const noexcept { inflateEnd(stream); }
};
struct EndDeflate {
  void operator()(z_stream* stream) const noexcept { deflateEnd(stream); }
};

bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
  return std::ranges::equal(text, lower,
                            [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a + 32 == b); });
}

std::string_view trim(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The text up to the separator; both are taken off the front.
std::string_view cut(std::string_view& text, char separator) noexcept {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view piece = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return piece;
}

// "q=0", "q=0.", "q=0.000" among the parameters of one item.
bool has_zero_weight(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    const std::string_view parameter = trim(cut(parameters, ';'));
    if (parameter.size() > 2 && equals_ignoring_case(parameter.substr(0, 2), "q=")) {
      return parameter.find_first_not_of("0.", 2) == std::string_view::npos;
    }
  }
  return false;
}

void set_input(z_stream& stream, std::string_view bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): zlib does not write to its input.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
}

void set_output(z_stream& stream, std::string& out, std::size_t from) {
  stream.next_out = reinterpret_cast<Bytef*>(out.data() + from);
  stream.avail_out = static_cast<uInt>(std::min(out.size() - from, kMostAtOnce));
}

std::unexpected<Error> out_of_memory() {
  return fail(Code::internal, "zlib has no memory");
}

}  // namespace

std::optional<Encoding> parse_encoding(std::string_view name) {
  if (equals_ignoring_case(name, "identity")) {
    return Encoding::identity;
  }
  if (equals_ignoring_case(name, "gzip")) {
    return Encoding::gzip;
  }
  return std::nullopt;
}

bool accepts_gzip(std::string_view accept_list) {
  while (!accept_list.empty()) {
    std::string_view item = cut(accept_list, ',');
    if (equals_ignoring_case(trim(cut(item, ';')), "gzip")) {
      return !has_zero_weight(item);
    }
  }
  return false;
}

Result<std::string> gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
    return out_of_memory();
  }
  const std::unique_ptr<z_stream, EndDeflate> ended(&stream);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  std::size_t size = 0;
  int state = Z_OK;
  do {
    const std::string_view piece = bytes.substr(0, kMostAtOnce);
    set_input(stream, piece);
    set_output(stream, out, size);
    const uInt room = stream.avail_out;
    state = deflate(&stream, piece.size() == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
    size += room - stream.avail_out;
    bytes.remove_prefix(piece.size() - stream.avail_in);
  } while (state == Z_OK);
  if (state != Z_STREAM_END) {
    return fail(Code::internal, "zlib packs a message with error " + std::to_string(state));
  }
  out.resize(size);
  return out;
}

Result<std::string> gunzip(std::string_view bytes, std::size_t max_bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, kWindowBits) != Z_OK) {
    return out_of_memory();
  }
  const std::unique_ptr<z_stream, EndInflate> ended(&stream);

  // One byte more than may come out tells the text that fits from the one that does not.
  const std::size_t most = std::min(max_bytes, std::numeric_limits<std::size_t>::max() - 1) + 1;
  const std::size_t guess = bytes.size() > most / 4 ? most : bytes.size() * 4;
  std::string out(std::min(most, std::max(guess, kFirstGuess)), '\0');
  std::size_t size = 0;
  for (;;) {
    const std::string_view piece = bytes.substr(0, kMostAtOnce);
    set_input(stream, piece);
    set_output(stream, out, size);
    const uInt room = stream.avail_out;
    const int state = inflate(&stream, Z_NO_FLUSH);
    size += room - stream.avail_out;
    bytes.remove_prefix(piece.size() - stream.avail_in);
    if (size > max_bytes) {
      return fail_visible(Code::resource_exhausted,
                          "the message unpacks to more than the limit of " + std::to_string(max_bytes) + " bytes");
    }
    if (state == Z_STREAM_END) {
      if (bytes.empty()) {
        break;
      }
      if (inflateReset(&stream) != Z_OK) {
        return out_of_memory();
      }
      continue;
    }
    if (state == Z_MEM_ERROR) {
      return out_of_memory();
    }
    const bool went_well = state == Z_OK || state == Z_BUF_ERROR;  // the latter: nothing to read, or nowhere to write
    if (went_well && size == out.size()) {
      out.resize(std::min(most, out.size() > most / 2 ? most : out.size() * 2));
    } else if (state != Z_OK || bytes.empty()) {
      return fail_visible(Code::invalid_argument,
                          went_well ? "the compressed message is cut short" : "the compressed message is damaged");
    }
  }
  out.resize(size);
  return out;
}

}  // namespace mcdsl::grpcserver
