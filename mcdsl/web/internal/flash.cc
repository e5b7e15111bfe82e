#include "mcdsl/web/internal/flash.h"

#include <chrono>

#include "mcdsl/web/internal/packing.h"

namespace mcdsl::web::internal {
namespace {

// It shows what somebody else's page made the browser do, should the page that it was meant for never come.
constexpr std::chrono::seconds kLifetime = std::chrono::minutes(1);

}  // namespace

std::string seal_flash(const Sealer& sealer, const Flash& flash, Clock::WallTime now) {
  Packer out;
  out.time(now).number(static_cast<std::int64_t>(flash.kind)).text(flash.text);
  return sealer.seal(std::move(out).take());
}

std::optional<Flash> open_flash(const Sealer& sealer, std::string_view value, Clock::WallTime now) {
  const auto packed = sealer.open(value);
  if (!packed) {
    return std::nullopt;
  }
  Unpacker in(packed->reveal());
  const auto made_at = in.time();
  const auto kind = in.number();
  const auto text = in.text();
  if (!text || !in.is_at_end() || now - *made_at >= kLifetime) {
    return std::nullopt;
  }
  const bool is_problem = *kind == static_cast<std::int64_t>(Flash::Kind::problem);
  return Flash{.text = std::string(*text), .kind = is_problem ? Flash::Kind::problem : Flash::Kind::notice};
}

}  // namespace mcdsl::web::internal
