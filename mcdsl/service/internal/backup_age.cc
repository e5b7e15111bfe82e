#include "mcdsl/service/internal/backup_age.h"

#include <optional>
#include <string>
#include <utility>

#include "mcdsl/archive/retention.h"
#include "mcdsl/base/time.h"

namespace mcdsl::internal {
namespace {

struct Backups {
  std::filesystem::path folder;
  std::string service;
  const Clock& clock;

  [[nodiscard]] std::optional<std::chrono::nanoseconds> age() const {
    const auto newest = archive::last_verified(folder, service);
    return newest ? std::optional(clock.now() - newest->created_at) : std::nullopt;
  }
};

}  // namespace

void add_backup_age(Service& service, const std::filesystem::path& backups, std::chrono::nanoseconds max_age) {
  const Backups known{.folder = backups, .service = service.name(), .clock = service.clock()};
  service.metrics().add_source([known](metrics::Samples& samples) {
    if (const auto age = known.age()) {
      samples.gauge("verified_backup_age_seconds", "Since the newest archive was made that was verified since.",
                    std::chrono::duration<double>(*age).count());
    }
  });
  if (max_age <= std::chrono::nanoseconds::zero()) {
    return;
  }
  service.health().add("backup", [known, max_age]() -> Result<void> {
    const auto age = known.age();
    if (!age) {
      return fail(Code::failed_precondition, "no archive in " + known.folder.string() + " is verified");
    }
    if (*age > max_age) {
      const auto hours = std::chrono::floor<std::chrono::hours>(*age).count();
      return fail(Code::failed_precondition, "the newest verified archive is " + std::to_string(hours) + " hours old");
    }
    return {};
  });
}

}  // namespace mcdsl::internal
