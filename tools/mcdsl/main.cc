#include <exception>
#include <iostream>

#include <unistd.h>

#include "mcdsl/cli/program.h"
#include "tools/mcdsl/program.h"

int main(int argc, char** argv) {
  try {
    return mcdsl::cli::run(mcdsl::tool::describe(std::cout, std::cerr, ::isatty(STDERR_FILENO) == 1), argc, argv);
  } catch (const std::exception& problem) {
    std::cerr << "mcdsl: " << problem.what() << '\n';
    return 1;
  }
}
