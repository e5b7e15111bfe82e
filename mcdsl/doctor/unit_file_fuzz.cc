// Whatever a unit file holds is read, and its times with it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "mcdsl/doctor/internal/unit_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mcdsl::doctor::internal::UnitFile unit;
  unit.read(std::string_view(reinterpret_cast<const char*>(data), size));
  (void)mcdsl::doctor::internal::parse_systemd_time(unit.last("TimeoutStopSec"));
  (void)unit.is_on("NoNewPrivileges");
  return 0;
}
