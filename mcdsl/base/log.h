#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "mcdsl/base/clock.h"

namespace mcdsl::log {

enum class Level : std::uint8_t { debug, info, warn, error };

[[nodiscard]] std::string_view name(Level level) noexcept;

/// "debug", "info", "warn", "error"; nullopt for anything else.
[[nodiscard]] std::optional<Level> parse_level(std::string_view text) noexcept;

enum class Format : std::uint8_t { logfmt, json };

/// A key and its value in a log line. Views must outlive the call only. Never put a secret in one.
class Field {
 public:
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool, std::chrono::nanoseconds>;

  Field(std::string_view key, std::string_view value) : key(key), value(value) {}
  Field(std::string_view key, const std::string& value) : key(key), value(std::string_view(value)) {}
  Field(std::string_view key, const char* value) : key(key), value(std::string_view(value)) {}
  Field(std::string_view key, bool value) : key(key), value(value) {}
  Field(std::string_view key, double value) : key(key), value(value) {}
  Field(std::string_view key, std::chrono::nanoseconds value) : key(key), value(value) {}
  template <std::signed_integral T>
  Field(std::string_view key, T value) : key(key), value(static_cast<std::int64_t>(value)) {}
  template <std::unsigned_integral T>
  Field(std::string_view key, T value) : key(key), value(static_cast<std::uint64_t>(value)) {}

  std::string_view key;
  Value value;
};

/// Where finished lines go. Threads: `write` is called from any thread at once. It must not throw: a log that cannot be
/// written is dropped.
class Sink {
 public:
  virtual ~Sink() = default;
  /// `line` ends in a newline.
  virtual void write(Level level, std::string_view line) noexcept = 0;
  /// Waits until what was written before is where it should go, at most so long. False where it is not.
  virtual bool flush(std::chrono::nanoseconds /*limit*/) noexcept { return true; }

 protected:
  Sink() = default;
  Sink(const Sink&) = default;
  Sink& operator=(const Sink&) = default;
};

/// Writes each line with one write(2), so that lines of several threads and processes never mix.
class FdSink final : public Sink {
 public:
  /// `fd` stays the caller's to close.
  explicit FdSink(int fd) noexcept : fd_(fd) {}
  void write(Level level, std::string_view line) noexcept override;

 private:
  int fd_;
};

/// Writes structured lines: time, level, message, then the fields, as logfmt (`time=… level=info msg="…" key=value`)
/// or one JSON object a line. Values are quoted and escaped, so foreign text can never forge a line.
///
/// A Logger is a cheap handle: copies share the sink and the level. A default one discards everything.
/// Threads: safe from any thread.
class Logger {
 public:
  Logger() = default;
  explicit Logger(std::shared_ptr<Sink> sink, Format format = Format::logfmt, const Clock& clock = system_clock());

  void debug(std::string_view message, std::initializer_list<Field> fields = {}) const {
    write(Level::debug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<Field> fields = {}) const {
    write(Level::info, message, fields);
  }
  void warn(std::string_view message, std::initializer_list<Field> fields = {}) const {
    write(Level::warn, message, fields);
  }
  void error(std::string_view message, std::initializer_list<Field> fields = {}) const {
    write(Level::error, message, fields);
  }
  void write(Level level, std::string_view message, std::initializer_list<Field> fields) const {
    write(level, message, std::span(fields.begin(), fields.size()));
  }
  void write(Level level, std::string_view message, std::span<const Field> fields) const;

  /// A logger that puts these fields on each of its lines too.
  [[nodiscard]] Logger with(std::initializer_list<Field> fields) const;

  [[nodiscard]] bool enabled(Level level) const noexcept;

  /// Before the process ends without its destructors: waits until the lines are out, at most so long.
  bool flush(std::chrono::nanoseconds limit = std::chrono::seconds(1)) const noexcept;

  /// For this logger and every copy of it. Starts as `info`.
  void set_level(Level level) const noexcept;

 private:
  struct Core;
  std::shared_ptr<Core> core_;
  std::string fixed_fields_;
};

}  // namespace mcdsl::log
