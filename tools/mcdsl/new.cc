#include "tools/mcdsl/new.h"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/unique_fd.h"
#include "tools/mcdsl/scaffold_files.h"

namespace mcdsl::tool {
namespace {

namespace fs = std::filesystem;

constexpr ::mode_t kFolderMode = 0777;  // of which the umask takes its part, as of what any other tool makes
constexpr ::mode_t kProgramMode = 0777;
constexpr ::mode_t kFileMode = 0666;

[[noreturn]] void fail_with_errno(const std::string& what) {
  throw Exception(Code::internal, what + ": " + errno_text(errno));
}

// --- filling in -----------------------------------------------------------------------------------------------------

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string filled_in(std::string_view text, const NewService& service) {
  std::string filled(text);
  replace_all(filled, "my-notes", service.name.dashed);
  replace_all(filled, "my_notes", service.name.underscored);
  replace_all(filled, "MyNotes", service.name.pascal);
  replace_all(filled, "MY_NOTES", service.name.upper);
  replace_all(filled, "@mcdsl_version@", service.library_version);
  return filled;
}

bool holds(std::string_view when, const NewService& service) {
  if (when.empty()) {
    return true;
  }
  const bool is_negated = when.starts_with("not ");
  const std::string_view what = when.substr(is_negated ? 4 : 0);
  if (what != "grpc" && what != "web") {
    throw Exception(Code::internal, "the scaffold asks for \"" + std::string(when) + "\"");
  }
  return (what == "grpc" ? service.has_grpc : service.has_web) != is_negated;
}

// What a line says to us: "if grpc" of "  # [if grpc]", whatever makes it a comment; empty for a line of the file's.
std::string_view direction_of(std::string_view line) {
  const auto begin = line.find_first_not_of(" #/<!-");
  const auto end = line.find_last_not_of(" ->\n");
  if (begin == std::string_view::npos || begin == 0 || line[begin] != '[' || line[end] != ']') {
    return {};
  }
  const std::string_view words = line.substr(begin + 1, end - begin - 1);
  return words == "end" || words.starts_with("if ") ? words : std::string_view();
}

std::string chosen_lines(const ScaffoldFile& file, const NewService& service) {
  std::string chosen;
  bool is_inside = false;
  bool is_kept = true;
  for (std::string_view rest = file.text; !rest.empty();) {
    const auto size = std::min(rest.find('\n'), rest.size() - 1) + 1;
    const std::string_view line = rest.substr(0, size);
    rest.remove_prefix(size);
    const std::string_view direction = direction_of(line);
    if (direction.empty()) {
      chosen += is_kept ? line : std::string_view();
      continue;
    }
    if (is_inside == (direction != "end")) {
      throw Exception(Code::internal, "scaffold/" + std::string(file.path) + ": [if] and [end] do not pair");
    }
    is_inside = !is_inside;
    is_kept = !is_inside || holds(direction.substr(3), service);
  }
  if (is_inside) {
    throw Exception(Code::internal, "scaffold/" + std::string(file.path) + ": an [end] is missing");
  }
  return chosen;
}

// --- writing --------------------------------------------------------------------------------------------------------

/// A folder beside the one that is to be, removed with all it holds unless it has taken that one's place.
class Staging {
 public:
  explicit Staging(const fs::path& target) {
    const fs::path parent = target.has_parent_path() ? target.parent_path() : fs::path(".");
    std::string name = (parent / ("." + target.filename().string() + "-XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) {
      fail_with_errno("make a folder in " + parent.string());
    }
    path_ = name;
  }
  ~Staging() {
    if (!path_.empty()) {
      std::error_code ignored;
      fs::remove_all(path_, ignored);
    }
  }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  void write(const NewFile& file) const {
    const fs::path path = path_ / file.path;
    fs::create_directories(path.parent_path());
    const UniqueFd fd(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file.is_executable ? kProgramMode : kFileMode));
    if (!fd) {
      fail_with_errno("write " + path.string());
    }
    for (std::string_view rest = file.text; !rest.empty();) {
      const auto written = ::write(fd.get(), rest.data(), rest.size());
      if (written < 0 && errno != EINTR) {
        fail_with_errno("write " + path.string());
      }
      rest.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
  }

  // Throws Exception (already_exists) where something is at `target`, whatever it is.
  void become(const fs::path& target) {
    const ::mode_t umask = ::umask(0);
    ::umask(umask);
    if (::chmod(path_.c_str(), kFolderMode & ~umask) != 0) {
      fail_with_errno("set the mode of " + path_.string());
    }
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0) {
      if (errno == EEXIST) {
        throw Exception(Code::already_exists, target.string() + " is there already");
      }
      fail_with_errno("rename " + path_.string() + " to " + target.string());
    }
    path_.clear();
  }

 private:
  fs::path path_;
};

int make_service(const cli::Values& values, const std::string& library_version, std::ostream& out) {
  const NewService service{.name = parse_service_name(values.text("NAME")),
                           .library_version = library_version,
                           .has_grpc = values.has("grpc"),
                           .has_web = values.has("web")};
  fs::path target = fs::path(values.text("out", service.name.dashed)).lexically_normal();
  if (!target.has_filename()) {
    target = target.parent_path();  // "notes/"
  }
  if (fs::exists(fs::symlink_status(target))) {
    throw Exception(Code::already_exists, target.string() + " is there already");
  }
  Staging staging(target);
  for (const NewFile& file : files_of(service)) {
    staging.write(file);
  }
  staging.become(target);
  out << "made " << target.string() << ", a service with REST" << (service.has_grpc ? ", gRPC" : "")
      << (service.has_web ? ", pages" : "") << ", login and a database:\n\n"
      << "  cd " << target.string() << "\n"
      << "  ./dev test    # builds it and runs its tests\n"
      << "  ./dev run     # starts it with TLS and accounts to log in with\n";
  return 0;
}

}  // namespace

std::vector<NewFile> files_of(const NewService& service) {
  std::vector<NewFile> files;
  for (const ScaffoldFile& file : scaffold_files()) {
    if (holds(file.when, service)) {
      files.push_back({.path = filled_in(file.path, service),
                       .text = filled_in(chosen_lines(file, service), service),
                       .is_executable = file.is_executable});
    }
  }
  return files;
}

cli::Command new_command(std::ostream& out, const std::string& library_version) {
  return {
      .name = "new",
      .about = "make a service that builds, tests and runs at once",
      .details =
          "NAME is 1 to 32 of a-z, 0-9 and single dashes, a letter first. It becomes the program, the folder "
          "below /srv and the system user; with underscores the namespace in C++.",
      .arguments = {{.name = "NAME", .about = "of the service: reading-list"}},
      .options = {{.name = "grpc", .about = "its API in protobuf: gRPC, gRPC-Web, Connect and REST of one file"},
                  {.name = "web", .about = "pages for people, behind a login"},
                  {.name = "out", .about = "where to; a folder NAME unless given", .kind = cli::Kind::folder}},
      .examples = {{.line = "mcdsl new reading-list --grpc --web", .about = "a service with REST, gRPC and pages"}},
      .run = [&out, library_version](const cli::Values& values) { return make_service(values, library_version, out); }};
}

}  // namespace mcdsl::tool
