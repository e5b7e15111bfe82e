#include "service_process.h"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcdsl/testing/eventually.h"

namespace mcdsl::net {
namespace {

std::string read_all(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// With its standard error in a file.
pid_t start(std::vector<std::string> words, const std::string& log) {
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  std::vector<char*> arguments;
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int problem = ::posix_spawn(&pid, arguments.front(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) {
    throw std::runtime_error("cannot start " + words.front());
  }
  return pid;
}

// The number behind a name in a file of /proc.
std::size_t kibibytes(const std::string& text, std::string_view name) {
  const auto at = text.find(name);
  return at == std::string::npos ? 0 : std::stoul(text.substr(at + name.size())) << 10U;
}

}  // namespace

ServiceProcess::ServiceProcess(std::string_view server_options, std::size_t max_descriptors) {
  const auto certificate = ca_.issue();
  const auto certificate_file = folder_.write("cert.pem", certificate.chain);
  const auto key_file = folder_.write("key.pem", certificate.key);
  const auto config = folder_.write("child.toml", "[server]\nlisten_addr = \"127.0.0.1:0\"\ntls_cert = \"" +
                                                      certificate_file.string() + "\"\ntls_key = \"" +
                                                      key_file.string() + "\"\n" + std::string(server_options) + "\n");
  rlimit ours{};
  ::getrlimit(RLIMIT_NOFILE, &ours);
  if (max_descriptors > 0) {
    const rlimit theirs{.rlim_cur = max_descriptors, .rlim_max = ours.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &theirs);
  }
  pid_ = start({NET_CHILD, "server", "--config", config.string()}, (folder_ / "log").string());
  ::setrlimit(RLIMIT_NOFILE, &ours);
  constexpr std::string_view kUrl = "url=https://127.0.0.1:";
  std::size_t at = std::string::npos;
  std::string text;
  if (!testing::eventually([&] { return (at = (text = log()).find(kUrl)) != std::string::npos; })) {
    throw std::runtime_error("the service does not serve: " + text);
  }
  std::from_chars(text.data() + at + kUrl.size(), text.data() + text.size(), port_);
}

ServiceProcess::~ServiceProcess() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    wait();
  }
}

testing::HttpClient ServiceProcess::connect(const std::string& protocol) const {
  return {"127.0.0.1", port_, testing::TlsOptions{.trusted = ca_.certificate(), .alpn = {protocol}}};
}

void ServiceProcess::terminate() const {
  ::kill(pid_, SIGTERM);
}

int ServiceProcess::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

ServiceProcess::Memory ServiceProcess::memory() const {
  const std::string status = read_all("/proc/" + std::to_string(pid_) + "/status");
  return {.now = kibibytes(status, "VmRSS:"), .most = kibibytes(status, "VmHWM:")};
}

std::uint64_t ServiceProcess::ticks() const {
  // proc(5): the 12th and 13th fields behind the name, which is in parentheses, are utime and stime.
  const std::string stat = read_all("/proc/" + std::to_string(pid_) + "/stat");
  std::istringstream fields(stat.substr(std::min(stat.rfind(')'), stat.size() - 1) + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) {
    fields >> skipped;
  }
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  fields >> user >> system;
  return user + system;
}

std::string ServiceProcess::log() const {
  return read_all((folder_ / "log").string());
}

bool allow_descriptors(std::size_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(std::max<rlim_t>(limit.rlim_cur, count), limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= count;
}

}  // namespace mcdsl::net
