#include "mcdsl/archivecli/commands.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <ostream>
#include <vector>

#include <unistd.h>

#include "mcdsl/archive/archive.h"
#include "mcdsl/archive/restore.h"
#include "mcdsl/archive/retention.h"
#include "mcdsl/archivecli/internal/progress.h"
#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"
#include "mcdsl/base/time.h"
#include "mcdsl/json/writer.h"

namespace mcdsl::archivecli {
namespace {

namespace fs = std::filesystem;
using cli::Kind;
using cli::Values;

constexpr std::string_view kStandardOutput = "-";

/// One of the commands, at work.
struct Run {
  const Surroundings& with;
  const Values& values;

  [[nodiscard]] bool as_json() const { return values.has("json"); }
  [[nodiscard]] archive::Dependencies dependencies() const { return {.clock = with.clock}; }
  [[nodiscard]] ProgressLine progress(const std::string& what) const { return {with.err, with.is_terminal, what}; }

  int create(const Service& service, const std::string& target) const;
  int verify(const std::vector<std::string>& archives) const;
  int list() const;
  int extract() const;
  int restore(const fs::path& folder) const;
  int prune(const fs::path& folder, const std::string& service) const;

 private:
  void warn(const archive::Report& report) const;
};

void write_list(json::Writer& json, std::string_view key, const std::vector<fs::path>& paths) {
  json.key(key).begin_array();
  for (const fs::path& path : paths) {
    json.value(path.string());
  }
  json.end_array();
}

void write_report(json::Writer& json, const archive::Report& report) {
  json.field("entries", report.entries).field("bytes", report.bytes).field("sha256", report.sha256);
  if (report.manifest) {
    json.field("service", report.manifest->service).field("created_at", format_rfc3339(report.manifest->created_at));
  }
  json.key("warnings").begin_array();
  for (const std::string& warning : report.warnings) {
    json.value(warning);
  }
  json.end_array();
}

std::string describe(std::uint64_t entries, std::uint64_t bytes) {
  return std::to_string(entries) + " entries, " + std::to_string(bytes) + " bytes";
}

void Run::warn(const archive::Report& report) const {
  for (const std::string& warning : report.warnings) {
    with.err << "warning: " << printable(warning) << '\n';
  }
}

int Run::create(const Service& service, const std::string& target) const {
  const bool to_output = target == kStandardOutput;
  const fs::path path =
      target.empty() ? archive::default_path(service.folder, service.name, with.clock.now()) : fs::path(target);
  auto progress = this->progress("archive");
  archive::CreateOptions options{.service = service.name, .binary_version = service.version};
  const auto excluded = values.all("exclude");
  options.exclude.assign(excluded.begin(), excluded.end());
  options.level = static_cast<int>(values.number("level", options.level));
  options.links = values.has("links");
  options.scratch = values.text("scratch");
  options.on_progress = progress.callback();
  if (to_output && with.out_is_terminal) {
    throw Exception(Code::invalid_argument, "an archive is nothing for a terminal: send standard output elsewhere");
  }
  const auto made = value_or_throw(to_output ? archive::create(service.folder, STDOUT_FILENO, options, dependencies())
                                             : archive::create(service.folder, path, options, dependencies()));
  std::ostream& out = to_output ? with.err : with.out;
  if (as_json()) {
    json::Writer json;
    json.begin_object().field("archive", path.string()).field("entries", made.entries).field("bytes", made.bytes);
    json.field("archive_bytes", made.archive_bytes).field("sha256", made.sha256).key("problems").begin_array();
    for (const archive::Problem& problem : made.problems) {
      json.begin_object().field("path", problem.path).field("what", problem.what).end_object();
    }
    json.end_array().end_object();
    out << json.view() << '\n';
  } else {
    out << path.string() << ": " << describe(made.entries, made.bytes) << ", packed into " << made.archive_bytes
        << '\n';
  }
  for (const archive::Problem& problem : made.problems) {
    with.err << "warning: " << printable(problem.path) << ": " << printable(problem.what) << '\n';
  }
  return made.problems.empty() ? 0 : kWithProblems;
}

int Run::verify(const std::vector<std::string>& archives) const {
  json::Writer json;
  json.begin_array();
  for (const std::string& path : archives) {
    auto progress = this->progress("verify");
    archive::VerifyOptions options;
    options.mark = !values.has("no-mark");
    options.scratch = values.text("scratch");
    options.on_progress = progress.callback();
    const auto report = value_or_throw(archive::verify(path, options, dependencies()));
    if (as_json()) {
      json.begin_object().field("archive", path);
      write_report(json, report);
      json.end_object();
    } else {
      with.out << path << " is whole: " << describe(report.entries, report.bytes) << '\n';
    }
    warn(report);
  }
  json.end_array();
  if (as_json()) {
    with.out << json.view() << '\n';
  }
  return 0;
}

int Run::list() const {
  const auto listing = value_or_throw(archive::list(values.text("ARCHIVE")));
  json::Writer json;
  json.begin_array();
  for (const archive::Entry& entry : listing.entries) {
    constexpr std::string_view kTypes = "-dl";
    if (as_json()) {
      json.begin_object().field("path", entry.path).field("size", entry.size).field("mode", entry.mode);
      json.field("type", kTypes.substr(static_cast<std::size_t>(entry.type), 1)).field("sha256", entry.sha256);
      json.end_object();
    } else {
      with.out << kTypes[static_cast<std::size_t>(entry.type)] << ' ' << entry.size << '\t'
               << printable(entry.path, std::numeric_limits<std::size_t>::max()) << '\n';
    }
  }
  json.end_array();
  if (as_json()) {
    with.out << json.view() << '\n';
  }
  return 0;
}

int Run::extract() const {
  const fs::path wanted = values.text("PATH");
  const fs::path target = values.text("TARGET", wanted.filename().string());
  const auto entry = value_or_throw(archive::extract(values.text("ARCHIVE"), wanted.string(), target));
  with.out << target.string() << ": " << entry.size << " bytes\n";
  return 0;
}

int Run::restore(const fs::path& folder) const {
  auto progress = this->progress("restore");
  archive::RestoreOptions options;
  options.discard_old = values.has("discard-old");
  options.links = values.has("links");
  options.on_progress = progress.callback();
  const auto restored = value_or_throw(archive::restore(values.text("ARCHIVE"), folder, options, dependencies()));
  if (as_json()) {
    json::Writer json;
    json.begin_object().field("folder", folder.string()).field("old_folder", restored.old_folder.string());
    write_report(json, restored.report);
    json.end_object();
    with.out << json.view() << '\n';
  } else {
    with.out << folder.string() << " is restored: " << describe(restored.report.entries, restored.report.bytes) << '\n';
    if (!restored.old_folder.empty()) {
      with.out << "what was there is now " << restored.old_folder.string() << '\n';
    }
  }
  warn(restored.report);
  return 0;
}

int Run::prune(const fs::path& folder, const std::string& service) const {
  archive::Retention keep;
  const auto set = [&](const char* name, std::uint32_t& number) {
    const std::int64_t given = values.number(name, number);
    if (given < 0 || given > std::numeric_limits<std::uint16_t>::max()) {
      throw Exception(Code::invalid_argument, "--" + std::string(name) + " wants 0 to 65535");
    }
    number = static_cast<std::uint32_t>(given);
  };
  set("last", keep.last);
  set("daily", keep.daily);
  set("weekly", keep.weekly);
  set("monthly", keep.monthly);
  const bool dry_run = values.has("dry-run");
  const auto pruned = value_or_throw(archive::prune(folder, service, keep, dry_run, dependencies()));
  if (as_json()) {
    json::Writer json;
    json.begin_object();
    write_list(json, "removed", pruned.removed);
    write_list(json, "kept", pruned.kept);
    write_list(json, "unproven", pruned.unproven);
    json.end_object();
    with.out << json.view() << '\n';
    return 0;
  }
  for (const fs::path& path : pruned.removed) {
    with.out << (dry_run ? "would remove " : "removed ") << path.string() << '\n';
  }
  for (const fs::path& path : pruned.unproven) {
    with.err << "warning: " << path.string() << " stays, since no newer archive is verified\n";
  }
  with.out << "archives that stay: " << pruned.kept.size() << '\n';
  return 0;
}

const cli::Option kJson{.name = "json", .about = "as JSON, for machines"};
const cli::Option kScratch{
    .name = "scratch",
    .about =
        "where copies of databases go meanwhile; beside the archive, or in $TMPDIR where it is no file, unless given",
    .kind = Kind::folder};
const cli::Option kLinks{.name = "links", .about = "take symbolic links that stay inside"};

std::vector<cli::Option> verify_options() {
  return {{.name = "no-mark", .about = "note nothing, and take archives without a manifest too"}, kScratch, kJson};
}

std::string newest_archive(const Service& service) {
  const fs::path folder = service.folder / archive::kBackupFolder;
  const auto newest = archive::newest(folder, service.name);
  if (!newest) {
    throw Exception(Code::not_found, folder.string() + " holds no archive of " + service.name);
  }
  return newest->archive.string();
}

std::vector<cli::Option> create_options() {
  return {{.name = "exclude",
           .about = "leave out what fits the pattern: a name, or with a / a whole path",
           .kind = Kind::text,
           .value_name = "PATTERN",
           .may_repeat = true},
          {.name = "level", .about = "of zstd, 1 to 19; 3 unless given", .kind = Kind::number},
          kLinks,
          kScratch,
          kJson};
}

std::vector<cli::Option> restore_options() {
  return {{.name = "discard-old", .about = "remove the folder that was there when all is done"}, kLinks, kJson};
}

std::vector<cli::Option> prune_options() {
  const auto keep = [](const char* name, const char* about) {
    return cli::Option{.name = name, .about = about, .kind = Kind::number};
  };
  return {keep("last", "keep the newest so many; 7 unless given"),
          keep("daily", "and the newest of each of so many days; 7 unless given"),
          keep("weekly", "and of so many weeks; 4 unless given"),
          keep("monthly", "and of so many months; 12 unless given"),
          {.name = "dry-run", .about = "remove nothing, and say what would go"},
          kJson};
}

cli::Argument archive_argument() {
  return {.name = "ARCHIVE", .about = "the archive", .kind = Kind::file};
}

}  // namespace

cli::Command archive_command(const Surroundings& with) {
  const auto runs = [with](auto act) {
    return [with, act](const Values& values) { return act(Run{.with = with, .values = values}); };
  };
  const cli::Argument folder{.name = "FOLDER", .about = "of the service", .kind = Kind::folder};
  const cli::Option service{.name = "service", .about = "its name; the folder's unless given", .kind = Kind::text};
  const auto name_of = [](const Values& values, const fs::path& path) {
    const fs::path whole = fs::weakly_canonical(path);
    return values.text("service", whole.filename().string());
  };
  auto creating = create_options();
  creating.push_back(service);
  auto pruning = prune_options();
  pruning.push_back(service);
  cli::Argument archives = archive_argument();
  archives.may_repeat = true;
  return {.name = "archive",
          .about = "archives of a service's folder: make, prove, look into, restore, prune",
          .commands = {{.name = "create",
                        .about = "archive a folder, while its service runs or not; 2 where files changed meanwhile",
                        .arguments = {folder,
                                      {.name = "ARCHIVE",
                                       .about = "where; - for standard output; without it a dated file in backups/",
                                       .kind = Kind::file,
                                       .is_optional = true}},
                        .options = creating,
                        .examples = {{.line = "mcdsl archive create /srv/mcq - | ssh vault 'cat > mcq.tar.zst'",
                                      .about = "an archive on another machine"}},
                        .run = runs([name_of](const Run& run) {
                          const fs::path path = run.values.text("FOLDER");
                          return run.create({.name = name_of(run.values, path), .version = "", .folder = path},
                                            run.values.text("ARCHIVE"));
                        })},
                       {.name = "verify",
                        .about = "prove archives: every hash, every database, every row count; notes it for prune",
                        .arguments = {archives},
                        .options = verify_options(),
                        .run = runs([](const Run& run) {
                          const auto given = run.values.all("ARCHIVE");
                          return run.verify({given.begin(), given.end()});
                        })},
                       {.name = "list",
                        .about = "print what is in an archive",
                        .arguments = {archive_argument()},
                        .options = {kJson},
                        .run = runs([](const Run& run) { return run.list(); })},
                       {.name = "extract",
                        .about = "take one file out of an archive",
                        .arguments = {archive_argument(),
                                      {.name = "PATH", .about = "of the file in it"},
                                      {.name = "TARGET",
                                       .about = "where to; its own name here unless given",
                                       .kind = Kind::file,
                                       .is_optional = true}},
                        .run = runs([](const Run& run) { return run.extract(); })},
                       {.name = "restore",
                        .about = "put an archive's folder in the place of the one that is there, in one step",
                        .arguments = {archive_argument(), folder},
                        .options = restore_options(),
                        .run = runs([](const Run& run) { return run.restore(run.values.text("FOLDER")); })},
                       {.name = "prune",
                        .about = "remove old archives, as far as a newer one is verified",
                        .arguments = {folder},
                        .options = pruning,
                        .run = runs([name_of](const Run& run) {
                          const fs::path path = run.values.text("FOLDER");
                          return run.prune(path / archive::kBackupFolder, name_of(run.values, path));
                        })}}};
}

cli::Command service_archive_command(const FindService& find, const Surroundings& with) {
  return {.name = "archive",
          .about = "archives of the service's folder",
          .commands = {{.name = "create",
                        .about = "archive the folder, while the service runs or not; 2 where files changed meanwhile",
                        .arguments = {{.name = "ARCHIVE",
                                       .about = "where; - for standard output; without it a dated file in backups/",
                                       .kind = Kind::file,
                                       .is_optional = true}},
                        .options = create_options(),
                        .run =
                            [find, with](const Values& values) {
                              return Run{.with = with, .values = values}.create(find(values), values.text("ARCHIVE"));
                            }},
                       {.name = "verify",
                        .about = "prove an archive: every hash, every database, every row count; notes it for prune",
                        .arguments = {{.name = "ARCHIVE",
                                       .about = "which; the newest in backups/ unless given",
                                       .kind = Kind::file,
                                       .is_optional = true}},
                        .options = verify_options(),
                        .run =
                            [find, with](const Values& values) {
                              const Service service = find(values);
                              const std::string given = values.text("ARCHIVE");
                              return Run{.with = with, .values = values}.verify(
                                  {given.empty() ? newest_archive(service) : given});
                            }},
                       {.name = "prune",
                        .about = "remove old archives, as far as a newer one is verified",
                        .options = prune_options(),
                        .run = [find, with](const Values& values) {
                          const Service service = find(values);
                          return Run{.with = with, .values = values}.prune(service.folder / archive::kBackupFolder,
                                                                           service.name);
                        }}}};
}

cli::Command service_restore_command(const FindService& find, const Surroundings& with) {
  return {.name = "restore",
          .about = "put an archive's folder in the place of the service's, in one step; refused while it runs",
          .arguments = {archive_argument()},
          .options = restore_options(),
          .run = [find, with](const Values& values) {
            return Run{.with = with, .values = values}.restore(find(values).folder);
          }};
}

}  // namespace mcdsl::archivecli
