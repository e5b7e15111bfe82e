#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "mcdsl/base/unique_fd.h"

/// A second process, db_child, that works on the database of a test.
class ChildProcess {
 public:
  ChildProcess(const std::string& what, const std::filesystem::path& database, const std::string& argument = "");
  /// Kills it if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  /// The next line that it prints; nullopt when it has ended, or has said nothing for so long.
  [[nodiscard]] std::optional<std::string> read_line(std::chrono::milliseconds patience = std::chrono::minutes(5));

  /// Ends its standard input and returns its exit code.
  int finish();

  /// SIGKILL; returns the lines that it had printed and nobody had read.
  std::vector<std::string> kill();

  /// What it printed as errors. After `finish`.
  [[nodiscard]] std::string errors() const;

 private:
  pid_t pid_ = -1;
  mcdsl::UniqueFd input_;
  mcdsl::UniqueFd output_;
  mcdsl::UniqueFd errors_;
  std::string unread_;
};
