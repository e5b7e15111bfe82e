#include "mcdsl/base/log.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>

#include <unistd.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/time.h"

namespace mcdsl::log {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames{"debug", "info", "warn", "error"};

template <class T>
void append_number(std::string& out, T value) {
  std::array<char, 32> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

bool is_plain(std::string_view text) {
  if (text.empty()) {
    return false;
  }
  for (const char c : text) {
    // Printable ASCII without what logfmt gives a meaning to.
    if (c <= ' ' || c >= 0x7F || c == '"' || c == '=' || c == '\\') {
      return false;
    }
  }
  return true;
}

// A control character of C1 (U+0080 to U+009F), which terminals obey as they do those of C0, in UTF-8.
bool is_c1_control(std::string_view text) {
  return text.size() >= 2 && text[0] == '\xC2' && static_cast<unsigned char>(text[1]) < 0xA0;
}

// What stands in a quoted value as it is.
constexpr std::array<bool, 256> make_quotable_table() {
  std::array<bool, 256> table{};
  for (std::size_t byte = 0x20; byte < 0x7F; ++byte) {
    table[byte] = byte != '"' && byte != '\\';
  }
  return table;
}

constexpr auto kIsQuotable = make_quotable_table();

void append_escaped(std::string& out, char c) {
  if (c == '"' || c == '\\') {
    out.push_back('\\');
    out.push_back(c);
  } else if (c == '\n') {
    out.append("\\n");
  } else {
    out.append("\\u00").append(hex_encode(std::string_view(&c, 1)));
  }
}

// A JSON string (RFC 8259 §7); logfmt readers take the same escapes. Malformed UTF-8 becomes U+FFFD.
void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  std::size_t done = plain_run(text);
  out.append(text.substr(0, done));
  const bool valid = done == text.size() || is_valid_utf8(text);
  for (std::size_t i = done; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_ascii = byte < 0x80;
    if (kIsQuotable[byte] || (!is_ascii && valid && !is_c1_control(text.substr(i)))) {
      continue;
    }
    out.append(text.substr(done, i - done));
    if (!is_ascii && !valid) {
      out.append("\\ufffd");
    } else {
      append_escaped(out, is_ascii ? text[i] : text[++i]);  // a C1 control's second byte is its code
    }
    done = i + 1;
  }
  out.append(text.substr(done));
  out.push_back('"');
}

void append_value(std::string& out, const Field::Value& value, Format format) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    if (format == Format::logfmt && is_plain(*text)) {
      out.append(*text);
    } else {
      append_quoted(out, *text);
    }
  } else if (const auto* signed_number = std::get_if<std::int64_t>(&value)) {
    append_number(out, *signed_number);
  } else if (const auto* unsigned_number = std::get_if<std::uint64_t>(&value)) {
    append_number(out, *unsigned_number);
  } else if (const auto* real = std::get_if<double>(&value)) {
    if (std::isfinite(*real)) {
      append_number(out, *real);
    } else {
      out.append("null");
    }
  } else if (const auto* truth = std::get_if<bool>(&value)) {
    out.append(*truth ? "true" : "false");
  } else if (const auto* duration = std::get_if<std::chrono::nanoseconds>(&value)) {
    // Seconds with the field's own precision, to the microsecond: what log tools can compare.
    const auto micros = std::chrono::floor<std::chrono::microseconds>(*duration);
    append_number(out, std::chrono::duration<double>(micros).count());
  }
}

void append_field(std::string& out, std::string_view key, const Field::Value& value, Format format) {
  if (format == Format::json) {
    out.push_back(',');
    append_quoted(out, key);
    out.push_back(':');
  } else {
    out.push_back(' ');
    out.append(key);
    out.push_back('=');
  }
  append_value(out, value, format);
}

}  // namespace

std::string_view name(Level level) noexcept {
  return kLevelNames[static_cast<std::size_t>(level) & 3U];
}

std::optional<Level> parse_level(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (kLevelNames[i] == text) {
      return static_cast<Level>(i);
    }
  }
  return std::nullopt;
}

void FdSink::write(Level /*level*/, std::string_view line) noexcept {
  while (!line.empty()) {
    const ssize_t written = ::write(fd_, line.data(), line.size());
    if (written >= 0) {
      line.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      return;
    }
  }
}

struct Logger::Core {
  std::shared_ptr<Sink> sink;
  Format format;
  const Clock& clock;
  std::atomic<Level> level{Level::info};
};

Logger::Logger(std::shared_ptr<Sink> sink, Format format, const Clock& clock)
    : core_(std::make_shared<Core>(std::move(sink), format, clock)) {}

bool Logger::enabled(Level level) const noexcept {
  return core_ && level >= core_->level.load(std::memory_order_relaxed);
}

bool Logger::flush(std::chrono::nanoseconds limit) const noexcept {
  return !core_ || core_->sink->flush(limit);
}

void Logger::set_level(Level level) const noexcept {
  if (core_) {
    core_->level.store(level, std::memory_order_relaxed);
  }
}

void Logger::write(Level level, std::string_view message, std::span<const Field> fields) const {
  if (!enabled(level)) {
    return;
  }
  thread_local std::string line;  // keeps its capacity from line to line
  line.clear();
  const Format format = core_->format;
  const auto now = std::chrono::floor<std::chrono::milliseconds>(core_->clock.now());
  if (format == Format::json) {
    line.append(R"({"time":")")
        .append(format_rfc3339(now))
        .append(R"(","level":")")
        .append(name(level))
        .append(R"(","msg":)");
    append_quoted(line, message);
  } else {
    line.append("time=").append(format_rfc3339(now)).append(" level=").append(name(level)).append(" msg=");
    append_value(line, message, format);
  }
  line.append(fixed_fields_);
  for (const Field& field : fields) {
    append_field(line, field.key, field.value, format);
  }
  line.append(format == Format::json ? "}\n" : "\n");
  core_->sink->write(level, line);
}

Logger Logger::with(std::initializer_list<Field> fields) const {
  Logger logger = *this;
  if (core_) {
    for (const Field& field : fields) {
      append_field(logger.fixed_fields_, field.key, field.value, core_->format);
    }
  }
  return logger;
}

}  // namespace mcdsl::log
