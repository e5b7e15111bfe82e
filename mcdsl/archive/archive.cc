#include "mcdsl/archive/archive.h"

#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcdsl/archive/internal/creator.h"
#include "mcdsl/archive/internal/marker.h"
#include "mcdsl/archive/internal/staging.h"
#include "mcdsl/archive/internal/system.h"
#include "mcdsl/archive/internal/unpack.h"
#include "mcdsl/archive/internal/zstd_writer.h"
#include "mcdsl/base/time.h"

namespace mcdsl::archive {
namespace {

using internal::folder_of;
using internal::Refusal;
using internal::Scratch;
using internal::shown;

std::filesystem::path real_folder(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::path real = std::filesystem::canonical(folder, problem);
  if (problem || !std::filesystem::is_directory(real, problem)) {
    throw Refusal(Code::not_found, "there is no folder " + shown(folder.native()));
  }
  return real;
}

// For nobody else, as the archives in it are.
void make_if_missing(const std::filesystem::path& folder) {
  std::error_code problem;
  if (std::filesystem::create_directories(folder, problem)) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, problem);
  }
  if (problem) {
    internal::fail_system("make the folder", folder, problem.value());
  }
}

void refuse_if_there(const std::filesystem::path& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0) {
    throw Refusal(Code::already_exists, shown(path.native()) + " is there already");
  }
}

void check_level(int level) {
  if (level < 1 || level > 19) {
    throw Exception(Code::invalid_argument, "the level of zstd is " + std::to_string(level) + "; want 1 to 19");
  }
}

// Gives the file its name once it is on the disk.
void put_in_place(const UniqueFd& fd, const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::fsync(fd.get()) != 0) {
    internal::fail_system("fsync", to, errno);
  }
  try {
    internal::rename_without_replacing(from, to);
  } catch (const Exception& problem) {
    if (problem.error().code() == Code::already_exists) {
      throw Refusal(problem.error());
    }
    throw;
  }
  internal::sync_folder(folder_of(to));
}

Summary write_archive(const std::filesystem::path& folder, int fd, const std::filesystem::path& name,
                      const Scratch& scratch, const CreateOptions& options, const Dependencies& dependencies) {
  internal::ZstdWriter out(fd, name, options.level);
  Summary summary = internal::Creator(folder, out, scratch, options, dependencies).run();
  out.finish();
  summary.archive_bytes = out.bytes_out();
  summary.sha256 = out.sha256();
  dependencies.logger.info("archive made", {{"archive", shown(name.native())},
                                            {"folder", shown(folder.native())},
                                            {"entries", summary.entries},
                                            {"bytes", summary.bytes},
                                            {"archive_bytes", summary.archive_bytes},
                                            {"problems", summary.problems.size()},
                                            {"sha256", summary.sha256}});
  return summary;
}

// Looks only.
class Nothing final : public internal::Visitor {};

// Takes one file and nothing else.
class ExtractVisitor final : public internal::Visitor {
 public:
  ExtractVisitor(internal::Staging& staging, std::string path) : staging_(staging), path_(std::move(path)) {}

  void begin_file(const internal::TarReader::Item& item) override {
    is_wanted_ = item.entry.path == path_;
    if (is_wanted_) {
      staging_.begin_file({.path = "file"}, item.stored);
    }
  }
  void piece(std::uint64_t offset, std::string_view bytes) override {
    if (is_wanted_) {
      staging_.piece(offset, bytes);
    }
  }
  void end_file(const internal::TarReader::Item& item) override {
    if (is_wanted_) {
      staging_.end_file({.path = "file", .size = item.entry.size, .mode = 0600}, item.mtime);
    }
  }

 private:
  internal::Staging& staging_;
  std::string path_;
  bool is_wanted_ = false;
};

// That it is the archive that is at fault, and not the disk that is full or a limit that is too low.
bool is_damage(const Refusal& refusal) {
  return refusal.error().code() == Code::data_loss || refusal.error().code() == Code::invalid_argument;
}

// Whoever went by an older mark has to learn of it. That it cannot be noted does not hide what is wrong.
void note_damage(const std::filesystem::path& archive, const Refusal& refusal, const Dependencies& dependencies) {
  try {
    internal::write_damage(archive, refusal.error().message(), dependencies.clock.now());
  } catch (const std::exception& problem) {
    dependencies.logger.error("a failed verification cannot be noted",
                              {{"archive", shown(archive.native())}, {"error", problem.what()}});
  }
}

}  // namespace

std::filesystem::path default_path(const std::filesystem::path& folder, const std::string& service,
                                   Clock::WallTime now) {
  return folder / kBackupFolder / internal::archive_name(service, now);
}

Result<Summary> create(const std::filesystem::path& folder, const std::filesystem::path& archive,
                       const CreateOptions& options, const Dependencies& dependencies) {
  check_level(options.level);
  return internal::value_of([&] {
    const std::filesystem::path real = real_folder(folder);
    const std::filesystem::path home = folder_of(archive);
    refuse_if_there(archive);
    make_if_missing(home);
    const Scratch scratch(home);
    const std::filesystem::path file = scratch.path() / "archive";
    const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) {
      internal::fail_system("create", file, errno);
    }
    std::optional<Scratch> elsewhere;
    if (!options.scratch.empty()) {
      elsewhere.emplace(options.scratch);
    }
    Summary summary = write_archive(real, fd.get(), archive, elsewhere ? *elsewhere : scratch, options, dependencies);
    put_in_place(fd, file, archive);
    return summary;
  });
}

Result<Summary> create(const std::filesystem::path& folder, int descriptor, const CreateOptions& options,
                       const Dependencies& dependencies) {
  check_level(options.level);
  return internal::value_of([&] {
    const Scratch scratch(options.scratch.empty() ? std::filesystem::temp_directory_path() : options.scratch);
    return write_archive(real_folder(folder), descriptor, "descriptor " + std::to_string(descriptor), scratch, options,
                         dependencies);
  });
}

Result<Report> verify(const std::filesystem::path& archive, const VerifyOptions& options,
                      const Dependencies& dependencies) {
  return internal::value_of([&] {
    if (!std::filesystem::exists(archive)) {
      throw Refusal(Code::not_found, "there is no archive " + shown(archive.native()));
    }
    const Scratch scratch(options.scratch.empty() ? folder_of(archive) : options.scratch);
    const std::filesystem::path databases = scratch.path() / "databases";
    std::filesystem::create_directory(databases);
    Report report;
    try {
      report = internal::unpack({.archive = archive,
                                 .scratch = scratch.path(),
                                 .limits = options.limits,
                                 .links = true,
                                 .on_progress = options.on_progress},
                                databases, false, 0);
    } catch (const Refusal& refusal) {
      if (options.mark && is_damage(refusal)) {
        note_damage(archive, refusal, dependencies);
      }
      throw;
    }
    if (options.mark) {
      if (!report.manifest) {
        throw Refusal(Code::failed_precondition,
                      "archive " + shown(archive.native()) +
                          " reads well, but has no manifest that would prove that it is whole");
      }
      internal::write_marker(archive, report.sha256, *report.manifest, dependencies.clock.now());
    }
    dependencies.logger.info("archive verified", {{"archive", shown(archive.native())},
                                                  {"entries", report.entries},
                                                  {"bytes", report.bytes},
                                                  {"sha256", report.sha256},
                                                  {"warnings", report.warnings.size()}});
    return report;
  });
}

Result<Listing> list(const std::filesystem::path& archive, const Limits& limits) {
  return internal::value_of([&] {
    const Scratch scratch(std::filesystem::temp_directory_path());
    Listing listing;
    Nothing nothing;
    listing.manifest =
        internal::read_archive(
            {.archive = archive, .scratch = scratch.path(), .limits = limits, .links = true, .on_progress = {}},
            nothing, [] {}, [](const std::string& /*path*/) { return std::nullopt; },
            [&](Entry entry) { listing.entries.push_back(std::move(entry)); })
            .manifest;
    return listing;
  });
}

Result<Entry> extract(const std::filesystem::path& archive, const std::string& path,
                      const std::filesystem::path& target, const Limits& limits) {
  return internal::value_of([&] {
    refuse_if_there(target);
    const Scratch scratch(folder_of(target));
    const std::filesystem::path folder = scratch.path() / "extracted";
    std::filesystem::create_directory(folder);
    internal::Staging staging(folder, 0);
    ExtractVisitor visitor(staging, path);
    std::optional<Entry> found;
    (void)internal::read_archive(
        {.archive = archive, .scratch = scratch.path(), .limits = limits, .links = true, .on_progress = {}}, visitor,
        [] {}, [](const std::string& /*path*/) { return std::nullopt; },
        [&](Entry entry) {
          if (entry.path == path && entry.type == Type::file) {
            found = std::move(entry);
          }
        });
    if (!found) {
      throw Refusal(Code::not_found, "there is no file " + shown(path) + " in " + shown(archive.native()));
    }
    const UniqueFd fd(::open((folder / "file").c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
      internal::fail_system("open", folder / "file", errno);
    }
    put_in_place(fd, folder / "file", target);
    return *std::move(found);
  });
}

}  // namespace mcdsl::archive
