// One call of the library, for bench/archive/run.py: archive_load create FOLDER ARCHIVE | verify ARCHIVE |
// restore ARCHIVE TARGET. Prints the seconds that the call took, and the largest resident memory in KiB.
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>

#include "mcdsl/archive/archive.h"
#include "mcdsl/archive/restore.h"

namespace {

using namespace mcdsl;  // NOLINT(google-build-using-namespace): a program's own file

// Not getrusage(2)'s: that counts the memory of whoever started us, too.
long largest_resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) {
      return std::stol(line.substr(6));
    }
  }
  return 0;
}

void run(const std::string& what, const std::string& first, const std::string& second) {
  if (what == "create") {
    value_or_throw(archive::create(first, second));
  } else if (what == "verify") {
    value_or_throw(archive::verify(first, {.mark = false}));
  } else if (what == "restore") {
    value_or_throw(archive::restore(first, second));
  } else {
    throw Exception(Code::invalid_argument, "unknown: " + what);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto start = std::chrono::steady_clock::now();
    run(argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : "", argc > 3 ? argv[3] : "");
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::printf("%.6f %ld\n", seconds.count(), largest_resident_kib());
    return 0;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "archive_load: %s\n", problem.what());
    return 1;
  }
}
