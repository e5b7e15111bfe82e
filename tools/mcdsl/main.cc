#include <exception>
#include <iostream>

#include <unistd.h>

#include "mcdsl/cli/program.h"
#include "tools/mcdsl/program.h"

int main(int argc, char** argv) {
  try {
    const auto program = mcdsl::tool::describe({.out = std::cout,
                                                .err = std::cerr,
                                                .is_terminal = ::isatty(STDERR_FILENO) == 1,
                                                .out_is_terminal = ::isatty(STDOUT_FILENO) == 1});
    return mcdsl::cli::run(program, argc, argv);
  } catch (const std::exception& problem) {
    std::cerr << "mcdsl: " << problem.what() << '\n';
    return 1;
  }
}
