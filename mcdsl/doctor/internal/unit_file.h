#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mcdsl::doctor::internal {

/// The `[Service]` section of a unit as systemd reads it (systemd.syntax(7)): lines that go on, comments, drop-ins.
class UnitFile {
 public:
  /// "notes.service" with its drop-ins, from the first folder that has it; nothing where none does.
  [[nodiscard]] static std::optional<UnitFile> find(const std::string& name,
                                                    std::span<const std::filesystem::path> folders);

  /// Adds the text of a file.
  void read(std::string_view text);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  /// All values of a key, in their order; an empty assignment forgets those before it.
  [[nodiscard]] std::vector<std::string> all(std::string_view key) const;

  /// The last of them; empty where there is none.
  [[nodiscard]] std::string last(std::string_view key) const;

  /// Whether a key was given at all, also as empty.
  [[nodiscard]] bool has(std::string_view key) const { return values_.contains(key); }

  /// "yes", "true", "on", "1".
  [[nodiscard]] bool is_on(std::string_view key) const;

 private:
  std::filesystem::path path_;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

/// "90", "1min 30s", "infinity" (systemd.time(7)); nothing for what is no time.
[[nodiscard]] std::optional<std::chrono::microseconds> parse_systemd_time(std::string_view text);

}  // namespace mcdsl::doctor::internal
