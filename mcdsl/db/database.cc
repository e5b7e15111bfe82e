#include "mcdsl/db/database.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "mcdsl/base/time.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/db/internal/connection.h"
#include "mcdsl/db/internal/housekeeper.h"
#include "mcdsl/db/internal/migrator.h"
#include "mcdsl/db/internal/reader_pool.h"
#include "mcdsl/db/internal/snapshot.h"
#include "mcdsl/db/internal/write_queue.h"

namespace mcdsl::db {
namespace {

// Creates the file with mode 0600 before SQLite does with the umask's. What goes wrong, opening it will tell.
void create_private(const std::filesystem::path& path) {
  const UniqueFd created(::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
}

// Narrows what was there before. A container may forbid chmod: that costs a warning and never the database.
void make_private(const std::filesystem::path& path, const log::Logger& logger) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    const std::string file = path.string() + suffix;
    struct stat status{};
    const bool is_open = ::stat(file.c_str(), &status) == 0 && (status.st_mode & 0077U) != 0;
    if (is_open && ::chmod(file.c_str(), 0600) != 0) {
      logger.warn("others may open the database and its mode cannot be changed",
                  {{"file", file}, {"error", errno_text(errno)}});
    }
  }
}

// "2026-01-31T12:00:00Z" as a part of a file name: "20260131T120000Z".
std::string compact_time(Clock::WallTime time) {
  std::string text = format_rfc3339(std::chrono::floor<std::chrono::seconds>(time));
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

}  // namespace

struct Database::State {
  State(const config::Database& wanted, const Dependencies& dependencies)
      : settings(wanted), logger(dependencies.logger), clock(dependencies.clock) {
    if (settings.path.empty()) {
      throw Exception(Code::invalid_argument, "database.path is empty");
    }
    create_private(settings.path);
    writer.emplace(settings, dependencies);
    make_private(settings.path, logger);
    readers.emplace(settings, dependencies);
    housekeeper.emplace(settings, dependencies, *writer, *readers);
    housekeeper->start();
  }

  const config::Database settings;
  const log::Logger logger;
  const Clock& clock;
  std::optional<internal::WriteQueue> writer;
  std::optional<internal::ReaderPool> readers;
  std::optional<internal::Housekeeper> housekeeper;
};

Database Database::open(const config::Database& settings, const Dependencies& dependencies) {
  auto state = std::make_unique<State>(settings, dependencies);
  dependencies.logger.info("database open",
                           {{"path", settings.path.string()},
                            {"journal_mode", "wal"},
                            {"synchronous", settings.synchronous == config::Synchronous::full ? "full" : "normal"},
                            {"busy_timeout", settings.busy_timeout},
                            {"readers", settings.readers},
                            {"cache_kib", settings.cache_kib},
                            {"mmap_bytes", settings.mmap_bytes}});
  return Database(std::move(state));
}

Database::Database(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

MigrationReport Database::migrate(std::span<const Migration> migrations) const {
  return internal::migrate(state_->settings, migrations, state_->logger, state_->clock, [this] {
    const std::filesystem::path copy = default_snapshot_path();
    try {
      std::filesystem::create_directories(copy.parent_path());
      snapshot(copy);
    } catch (const std::filesystem::filesystem_error& problem) {
      const bool is_full = problem.code() == std::errc::no_space_on_device;
      throw Exception(is_full ? Code::resource_exhausted : Code::permission_denied,
                      "database " + path().string() +
                          ": nothing was migrated, since the folder of the snapshot before it, " +
                          copy.parent_path().string() + ", cannot be made: " + problem.code().message());
    } catch (const Exception& problem) {
      throw Exception(problem.error().wrap("database " + path().string() +
                                           ": nothing was migrated, since the snapshot before it cannot be taken"));
    }
    state_->logger.info("snapshot before migrating", {{"path", copy.string()}});
    return copy;
  });
}

Database::Reader::Reader(const Database& database, const std::source_location& origin)
    : state_(*database.state_), reader_(state_.readers->acquire(origin)) {}

Database::Reader::~Reader() {
  state_.readers->release(reader_);
}

internal::Connection& Database::Reader::connection() const noexcept {
  return reader_.connection;
}

Result<void> Database::write_erased(FunctionRef<bool(WriteTransaction&)> job, const WriteOptions& options,
                                    const std::source_location& origin) const {
  auto outcome = state_->writer->run(
      [&](internal::Connection& connection) {
        WriteTransaction transaction(connection);
        return job(transaction);
      },
      options, origin);
  state_->housekeeper->note_commit();
  return outcome;
}

Statistics Database::statistics() const {
  std::error_code missing;
  const std::uintmax_t wal = std::filesystem::file_size(path().string() + "-wal", missing);
  return {.writes = state_->writer->writes(),
          .groups = state_->writer->groups(),
          .waiting_writes = state_->writer->waiting(),
          .reads_in_progress = state_->readers->lent(),
          .wal_bytes = missing ? 0 : wal};
}

void Database::snapshot(const std::filesystem::path& path) const {
  internal::take_snapshot(state_->settings, path);
}

std::filesystem::path Database::default_snapshot_path() const {
  const config::Database& settings = state_->settings;
  const std::filesystem::path folder =
      settings.backup_dir.empty() ? settings.path.parent_path() / "backups" : settings.backup_dir;
  const std::string stem = settings.path.stem().string() + "-" + compact_time(state_->clock.now());
  std::filesystem::path path = folder / (stem + ".db");
  for (int again = 2; std::filesystem::exists(path); ++again) {  // two within a second
    path = folder / (stem + "-" + std::to_string(again) + ".db");
  }
  return path;
}

Result<void> Database::ping() const {
  try {
    (void)read([](ReadTransaction& transaction) { return transaction.query_one<std::int64_t>("SELECT 1"); });
    return {};
  } catch (const Exception& problem) {
    return fail(problem.error());
  }
}

const std::filesystem::path& Database::path() const noexcept {
  return state_->settings.path;
}

}  // namespace mcdsl::db
