// A program that restores an archive over and over, to be killed: archive_child ARCHIVE ARCHIVE TARGET.
#include <cstdio>
#include <exception>

#include "mcdsl/archive/restore.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    return 2;
  }
  try {
    for (int i = 0;; ++i) {
      const auto restored = mcdsl::archive::restore(argv[1 + i % 2], argv[3], {.discard_old = true});
      if (!restored) {
        std::fprintf(stderr, "%s\n", restored.error().to_string().c_str());
        return 1;
      }
      std::puts("restored");
      std::fflush(stdout);
    }
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
