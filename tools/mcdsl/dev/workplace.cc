#include "tools/mcdsl/dev/workplace.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <sstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "mcdsl/cli/program.h"
#include "mcdsl/pki/certificate_info.h"
#include "tools/mcdsl/ca.h"

namespace mcdsl::tool {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::days kShortestLife(7);

}  // namespace

Workplace::Workplace(fs::path folder, const Clock& clock) : folder_(std::move(folder)), clock_(clock) {
  fs::create_directories(folder_);
  fs::permissions(folder_, fs::perms::owner_all);
  lock_ = UniqueFd(::open((folder_ / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock_ || ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    throw Exception(Code::failed_precondition, errno == EWOULDBLOCK
                                                   ? "another mcdsl dev runs in " + folder_.string()
                                                   : "lock " + folder_.string() + ": " + errno_text(errno));
  }
}

fs::path Workplace::certificate(std::string_view program) const {
  return folder_ / program / "certs" / "cert.pem";
}

fs::path Workplace::key(std::string_view program) const {
  return folder_ / program / "certs" / "key.pem";
}

bool Workplace::is_current(const fs::path& certificate) const {
  const auto text = read_file(certificate);
  const auto read = text ? pki::read_certificates(*text) : fail(Code::not_found, "none");
  return read && read->front().not_after - clock_.now() > kShortestLife;
}

void Workplace::run_ca(const std::vector<std::string>& words) const {
  std::ostringstream out;
  const cli::Program program{.name = "mcdsl", .commands = {ca_commands(out, clock_)}};
  if (cli::run(program, words, out, out) != 0) {
    throw Exception(Code::internal, "mcdsl ca: " + out.str());
  }
}

bool Workplace::make_certificates(const std::vector<std::string>& programs) const {
  const fs::path ca = folder_ / "ca";
  bool has_made = false;
  if (!is_current(authority()) || !fs::exists(ca / "ca.key")) {
    fs::remove_all(ca);
    run_ca({"ca", "new", ca.string(), "--name", "mcdsl dev", "--days", "365"});
    has_made = true;
  }
  for (const std::string& program : programs) {
    if (has_made || !is_current(certificate(program)) || !fs::exists(key(program))) {
      run_ca({"ca", "issue", "--ca", ca.string(), "--out", (folder_ / program / "certs").string(), "--force",
              "localhost", "127.0.0.1"});
      has_made = true;
    }
  }
  return has_made;
}

SocketFolder::SocketFolder() {
  std::string name = (fs::temp_directory_path() / "mcdsl-dev-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw Exception(Code::unavailable, "make the folder " + name + ": " + errno_text(errno));
  }
  path_ = name;
}

SocketFolder::~SocketFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace mcdsl::tool
