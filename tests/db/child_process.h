#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "mcdsl/base/unique_fd.h"

/// A second process that works on the database of a test.
class ChildProcess {
 public:
  /// db_child, whose actions are in child.cc.
  ChildProcess(const std::string& what, const std::filesystem::path& database, const std::string& argument = "");
  /// Another program, looked for as a shell does.
  explicit ChildProcess(std::vector<std::string> command);
  /// Kills it if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  /// The next line that it prints; nullopt when it has ended, or has said nothing for so long.
  [[nodiscard]] std::optional<std::string> read_line(std::chrono::microseconds patience = std::chrono::minutes(5));

  /// Ends its standard input and returns its exit code.
  int finish();

  /// SIGKILL; returns the lines that it had printed and nobody had read.
  std::vector<std::string> kill();

  /// SIGSTOP; returns when it stands still. It goes on with `resume`.
  void stop();
  void resume();

  /// Every line that it printed and nobody has read. After `finish`.
  [[nodiscard]] std::vector<std::string> rest();

  /// What it printed as errors. After `finish`.
  [[nodiscard]] std::string errors() const;

 private:
  pid_t pid_ = -1;
  mcdsl::UniqueFd input_;
  mcdsl::UniqueFd output_;
  mcdsl::UniqueFd errors_;
  std::string unread_;
};
