#include "mcdsl/archive/retention.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <compare>
#include <functional>
#include <ranges>
#include <set>
#include <system_error>
#include <utility>

#include <fcntl.h>

#include "mcdsl/archive/internal/marker.h"
#include "mcdsl/archive/internal/system.h"
#include "mcdsl/crypto/digest.h"

namespace mcdsl::archive {
namespace {

using internal::Refusal;
using internal::shown;

struct Candidate {
  std::filesystem::path path;
  Clock::WallTime created_at;
  bool is_kept = false;
};

// Newest first.
std::vector<Candidate> archives_in(const std::filesystem::path& backups, const std::string& service) {
  std::vector<Candidate> found;
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(backups, problem)) {
    const auto time = internal::time_of_name(entry.path().filename().string(), service);
    if (time && entry.symlink_status().type() == std::filesystem::file_type::regular) {
      found.push_back({.path = entry.path(), .created_at = *time});
    }
  }
  std::ranges::sort(found, std::greater(), &Candidate::created_at);
  return found;
}

std::chrono::sys_days day_of(Clock::WallTime time) {
  return std::chrono::floor<std::chrono::days>(time);
}
// An ISO week begins on Monday: its number since a Monday long ago.
std::int64_t week_of(Clock::WallTime time) {
  constexpr std::chrono::sys_days kMonday = std::chrono::year(1969) / 12 / 29;
  return std::chrono::floor<std::chrono::weeks>(day_of(time) - kMonday).count();
}
std::int64_t month_of(Clock::WallTime time) {
  const std::chrono::year_month_day day(day_of(time));
  return static_cast<std::int64_t>(static_cast<int>(day.year())) * 12 + static_cast<unsigned>(day.month());
}

// The newest archive of each of the newest `count` periods.
template <class PeriodOf>
void keep(std::vector<Candidate>& newest_first, std::uint32_t count, PeriodOf period_of) {
  std::set<std::int64_t> periods;
  for (Candidate& one : newest_first) {
    if (periods.size() < count && periods.insert(period_of(one)).second) {
      one.is_kept = true;
    }
  }
}

std::string digest_of(const std::filesystem::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    internal::fail_system("open", path, errno);
  }
  crypto::Sha256Stream sha256;
  std::string buffer(std::size_t{1} << 20U, '\0');
  while (const std::size_t count = internal::read_up_to(fd.get(), buffer.data(), buffer.size(), path)) {
    sha256.update(std::string_view(buffer).substr(0, count));
  }
  return crypto::to_hex(sha256.finish());
}

// The time of the newest archive that stays, was verified, and is still, to the byte, what was verified.
std::optional<Clock::WallTime> newest_proof(const std::vector<Candidate>& newest_first,
                                            const Dependencies& dependencies) {
  for (const Candidate& one : newest_first) {
    const auto marker = one.is_kept ? internal::read_marker(one.path) : std::nullopt;
    if (!marker) {
      continue;
    }
    if (digest_of(one.path) == marker->sha256) {
      return one.created_at;
    }
    dependencies.logger.error("an archive is no longer what was verified", {{"archive", shown(one.path.native())}});
  }
  return std::nullopt;
}

// The notes go last: without their archive they say nothing.
void remove_archive(const std::filesystem::path& path) {
  const auto [marker, damage] = internal::notes_on(path);
  for (const auto& file : {path, marker, damage}) {
    std::error_code problem;
    std::filesystem::remove(file, problem);
    if (problem) {
      internal::fail_system("remove", file, problem.value());
    }
  }
}

}  // namespace

Result<Pruned> prune(const std::filesystem::path& backups, const std::string& service, const Retention& retention,
                     bool dry_run, const Dependencies& dependencies) {
  return internal::value_of([&] {
    if (retention.last + retention.daily + retention.weekly + retention.monthly == 0) {
      throw Refusal(Code::invalid_argument, "the rules of retention keep nothing");
    }
    if (!std::filesystem::is_directory(backups)) {
      throw Refusal(Code::not_found, "there is no folder " + shown(backups.native()));
    }
    std::vector<Candidate> archives = archives_in(backups, service);
    std::int64_t number = 0;
    keep(archives, retention.last, [&](const Candidate& /*one*/) { return number++; });
    keep(archives, retention.daily,
         [](const Candidate& one) { return std::int64_t{day_of(one.created_at).time_since_epoch().count()}; });
    keep(archives, retention.weekly, [](const Candidate& one) { return week_of(one.created_at); });
    keep(archives, retention.monthly, [](const Candidate& one) { return month_of(one.created_at); });

    const bool is_anything_to_go = std::ranges::any_of(archives, [](const Candidate& one) { return !one.is_kept; });
    const auto proof = is_anything_to_go ? newest_proof(archives, dependencies) : std::nullopt;
    Pruned pruned;
    for (const Candidate& one : archives | std::views::reverse) {
      if (one.is_kept) {
        pruned.kept.push_back(one.path);
      } else if (!proof || *proof <= one.created_at) {
        pruned.unproven.push_back(one.path);
      } else {
        if (!dry_run) {
          remove_archive(one.path);
          dependencies.logger.info("archive removed", {{"archive", shown(one.path.native())}});
        }
        pruned.removed.push_back(one.path);
      }
    }
    if (!pruned.unproven.empty()) {
      dependencies.logger.warn("archives stay since none that is newer was verified",
                               {{"count", pruned.unproven.size()}});
    }
    return pruned;
  });
}

std::optional<Verified> last_verified(const std::filesystem::path& backups, const std::string& service) {
  for (const Candidate& one : archives_in(backups, service)) {
    if (auto marker = internal::read_marker(one.path)) {
      return marker;
    }
  }
  return std::nullopt;
}

std::optional<Newest> newest(const std::filesystem::path& backups, const std::string& service) {
  const std::vector<Candidate> archives = archives_in(backups, service);
  if (archives.empty()) {
    return std::nullopt;
  }
  const std::filesystem::path& path = archives.front().path;
  return Newest{.archive = path, .damage = internal::damage_of(path)};
}

}  // namespace mcdsl::archive
