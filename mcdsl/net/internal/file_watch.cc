#include "mcdsl/net/internal/file_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcdsl/base/error.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kLook = 1s;
// A pair is two files, and writing one takes several calls. Longer than the clock of a file system ticks (10 ms at
// most), so that a later change always shows.
constexpr milliseconds kLeftAlone = 50ms;
constexpr int kMaxWaits = 20;  // a folder that never rests is looked at all the same

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// Whether the wait was ended from outside.
bool stops_within(int stop, milliseconds time) noexcept {
  pollfd wait{.fd = stop, .events = POLLIN, .revents = 0};
  return ::poll(&wait, 1, static_cast<int>(time.count())) > 0;
}

}  // namespace

std::vector<FileState> states_of(const std::vector<std::filesystem::path>& files) {
  std::vector<FileState> states;
  for (const auto& file : files) {
    struct stat found{};
    states.push_back(::stat(file.c_str(), &found) != 0 ? FileState{}
                                                       : FileState{.device = found.st_dev,
                                                                   .inode = found.st_ino,
                                                                   .bytes = found.st_size,
                                                                   .modified_ns = nanoseconds(found.st_mtim),
                                                                   .changed_ns = nanoseconds(found.st_ctim)});
  }
  return states;
}

FileWatch::FileWatch(std::vector<std::filesystem::path> files, std::vector<FileState> known,
                     std::function<void()> changed)
    : files_(std::move(files)),
      known_(std::move(known)),
      changed_(std::move(changed)),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),  // where there is none, looking has to do
      watches_(files_.size(), -1),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  if (!stop_) {
    throw Exception(Code::resource_exhausted, "watch files: eventfd: " + errno_text(errno));
  }
  watch_folders();
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& problem) {
    throw Exception(Code::resource_exhausted, std::string("watch files: ") + problem.what());
  }
}

FileWatch::~FileWatch() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(stop_.get(), &one, sizeof one);
  thread_.join();
}

// A folder may be another one by now: the path is looked up again, and the same folder stays the same watch.
void FileWatch::watch_folders() noexcept {
  constexpr std::uint32_t kChanges = IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB;
  for (std::size_t i = 0; inotify_ && i < files_.size(); ++i) {
    const auto folder = files_[i].parent_path();
    const int watch = ::inotify_add_watch(inotify_.get(), folder.empty() ? "." : folder.c_str(), kChanges | IN_ONLYDIR);
    const int before = std::exchange(watches_[i], watch);
    if (before >= 0 && before != watch && std::ranges::find(watches_, before) == watches_.end()) {
      ::inotify_rm_watch(inotify_.get(), before);
    }
  }
}

// Waits for news from inotify, at most until the next look. False where the watch has ended.
bool FileWatch::wait_for_event() noexcept {
  std::array<pollfd, 2> waits{pollfd{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                              pollfd{.fd = inotify_.get(), .events = POLLIN, .revents = 0}};
  ::poll(waits.data(), waits.size(), static_cast<int>(kLook.count()));  // a descriptor of -1 is passed over
  std::array<char, 4096> events{};
  while (inotify_ && ::read(inotify_.get(), events.data(), events.size()) > 0) {
  }
  return waits[0].revents == 0;
}

// False where the watch has ended.
bool FileWatch::wait_until_left_alone(std::vector<FileState>& states) const {
  for (int i = 0; i < kMaxWaits; ++i) {
    if (stops_within(stop_.get(), kLeftAlone)) {
      return false;
    }
    auto now = states_of(files_);
    if (now == states) {
      return true;
    }
    states = std::move(now);
  }
  return true;
}

void FileWatch::run() {
  while (wait_for_event()) {
    watch_folders();
    auto states = states_of(files_);
    if (states == known_) {
      continue;
    }
    if (!wait_until_left_alone(states)) {
      return;
    }
    if (states != known_) {
      known_ = std::move(states);
      changed_();
    }
  }
}

}  // namespace mcdsl::net
