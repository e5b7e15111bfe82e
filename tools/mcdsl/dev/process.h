#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "mcdsl/base/unique_fd.h"

namespace mcdsl::tool {

/// How a process ended.
struct Ending {
  bool is_signal = false;
  int number = 0;  ///< of the signal, or the exit code

  [[nodiscard]] bool is_clean() const noexcept { return !is_signal && number == 0; }
  /// "exit code 78", "signal 11 (Segmentation fault)"
  [[nodiscard]] std::string to_string() const;
};

/// A program that runs beside us, in a session of its own: Ctrl-C at the terminal reaches us alone, and a signal for it
/// reaches what it has started too. It gets SIGTERM where we vanish. Its output and its errors are one stream.
/// Threads: one at a time; started by a thread that outlives it.
class Process {
 public:
  struct Settings {
    std::vector<std::string> words;        ///< the program's path first
    std::vector<std::string> environment;  ///< "NAME=value"
    std::string input = {};                ///< what it reads; at most 64 KiB
  };

  /// Throws Exception (unavailable) where the program cannot be started, saying why.
  explicit Process(const Settings& settings);
  /// Ends it, and what it has started, by SIGKILL.
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;

  /// Readable when it has ended.
  [[nodiscard]] int exit_fd() const noexcept { return exit_.get(); }
  /// Readable when it has written something.
  [[nodiscard]] int output_fd() const noexcept { return output_.get(); }

  void signal(int number) const noexcept;

  /// Appends what it has written by now.
  void read_output(std::string& into);

  /// How it ended; nullopt while it runs. What it had started is killed then.
  [[nodiscard]] std::optional<Ending> ending();

 private:
  pid_t pid_ = -1;
  UniqueFd exit_;
  UniqueFd output_;
  std::optional<Ending> ending_;
};

}  // namespace mcdsl::tool
