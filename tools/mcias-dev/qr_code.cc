#include "tools/mcias-dev/qr_code.h"

#include <cstddef>
#include <memory>
#include <span>

#include <qrencode.h>

#include "mcdsl/base/error.h"

namespace mcias {
namespace {

constexpr int kBorder = 4;  // modules (ISO/IEC 18004 §6.3.8)

struct FreeCode {
  void operator()(QRcode* code) const noexcept { QRcode_free(code); }
};

}  // namespace

std::string qr_code(std::string_view text) {
  const std::string terminated(text);
  const std::unique_ptr<QRcode, FreeCode> code(
      QRcode_encodeString8bit(terminated.c_str(), 0, QR_ECLEVEL_L));  // a screen has no scratches
  if (!code) {
    throw mcdsl::Exception(mcdsl::Code::invalid_argument,
                           "a text of " + std::to_string(text.size()) + " bytes does not fit into a QR code");
  }
  const int width = code->width;
  const auto size = static_cast<std::size_t>(width);
  const std::span modules(code->data, size * size);
  const auto is_light = [&](int row, int column) {
    return row < 0 || column < 0 || row >= width || column >= width ||
           (modules[static_cast<std::size_t>(row) * size + static_cast<std::size_t>(column)] & 1U) == 0;
  };
  std::string picture;
  for (int row = -kBorder; row < width + kBorder; row += 2) {
    for (int column = -kBorder; column < width + kBorder; ++column) {
      const bool upper = is_light(row, column);
      const bool lower = row + 1 < width + kBorder && is_light(row + 1, column);
      picture += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
    }
    picture += '\n';
  }
  return picture;
}

}  // namespace mcias
