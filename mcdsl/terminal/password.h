#pragma once

#include <filesystem>
#include <string_view>

#include "mcdsl/base/secret.h"

/// What a command asks the person at the terminal.
namespace mcdsl::terminal {

/// Prompts on the terminal of the process (/dev/tty), whatever its standard streams are, and reads a line that is not
/// echoed, neither now nor from what was typed ahead. The terminal is afterwards as it was: when reading fails, when a
/// signal ends the process, and while the process is stopped (Ctrl-Z); continued, it asks again. All memory that held
/// the line is overwritten.
///
/// A signal (SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGTSTP) does what it would without the prompt, when the
/// terminal is restored. Where the process goes on after one of the first five, its own handler has run.
///
/// Threads: one prompt at a time in a process, since handlers of signals are the whole process's.
/// Throws Exception: failed_precondition where there is no terminal or a prompt is up already; cancelled after a signal
/// that the process went on from; invalid_argument where the terminal ends before the line or the line passes 4095
/// bytes.
[[nodiscard]] Secret read_password(std::string_view prompt);

/// The same on an open terminal.
[[nodiscard]] Secret read_password(int fd, std::string_view prompt);

/// `--password-stdin`: the first line of a stream, without its line end. Reads not a byte further. Throws Exception
/// (invalid_argument) where the stream ends before anything came, or the line passes 4095 bytes.
[[nodiscard]] Secret read_password_line(int fd);

/// `--password-file`: the first line of a file. Throws Exception: failed_precondition where others than the file's
/// owner may read or write it, what `read_password_line` throws, and what opening meets (not_found, permission_denied).
[[nodiscard]] Secret read_password_file(const std::filesystem::path& path);

}  // namespace mcdsl::terminal
