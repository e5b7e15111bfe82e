// The whole way of a configuration, from bytes to values: the input is the file, then variables ("NAME=value"), each
// after a zero byte. Whatever is accepted has to survive being shown and loaded again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include "mcdsl/config/config.h"
#include "mcdsl/config/notes_for_test.h"

namespace {

using namespace mcdsl;

struct Everything : config::Standard {
  config::testing::Notes notes = {};

  void bind(config::Binder& b) {
    Standard::bind(b);
    b.section("notes", notes);
  }
};

/// A file that never touches the disk.
class MemoryFile {
 public:
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

  void write(std::string_view bytes) const {
    if (::ftruncate(fd_, 0) != 0 ||
        ::pwrite(fd_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
      std::abort();
    }
  }

 private:
  int fd_ = ::memfd_create("config", MFD_CLOEXEC);
};

config::Environment variables_of(std::string_view text) {
  config::Environment environment;
  while (!text.empty()) {
    const std::string_view entry = text.substr(0, text.find('\0'));
    text.remove_prefix(std::min(entry.size() + 1, text.size()));
    if (const std::size_t equals = entry.find('='); equals != std::string_view::npos) {
      environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }
  return environment;
}

std::string shown_after_loading(const config::Source& source) {
  return config::show(config::load<Everything>(source), config::Show::values);
}

void load_and_load_again(const config::Source& source) {
  static const MemoryFile again;
  std::string shown;
  try {
    shown = shown_after_loading(source);
  } catch (const config::Invalid& invalid) {
    if (invalid.findings().empty()) {
      std::abort();
    }
    return;
  }
  again.write(shown);
  if (shown_after_loading({.file = again.path(), .environment = {}}) != shown) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const MemoryFile file;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view toml = input.substr(0, input.find('\0'));
  file.write(toml);
  load_and_load_again({.file = file.path(), .env_prefix = "X", .environment = variables_of(input.substr(toml.size()))});
  return 0;
}
