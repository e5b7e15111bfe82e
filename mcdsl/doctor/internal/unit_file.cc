#include "mcdsl/doctor/internal/unit_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>
#include <system_error>
#include <utility>

#include "mcdsl/base/file.h"

namespace mcdsl::doctor::internal {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxUnitBytes = std::size_t{1} << 20U;

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  return first == std::string_view::npos ? ""
                                         : std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

}  // namespace

std::optional<UnitFile> UnitFile::find(const std::string& name, std::span<const fs::path> folders) {
  const std::string file = name + ".service";
  std::error_code ignored;
  const auto folder =
      std::ranges::find_if(folders, [&](const fs::path& each) { return fs::exists(each / file, ignored); });
  if (folder == folders.end()) {
    return std::nullopt;
  }
  UnitFile unit;
  unit.path_ = *folder / file;
  unit.read(read_file(unit.path_, kMaxUnitBytes).value_or(""));
  // By their names, whatever their folders; the first folder wins where two have one name.
  std::map<std::string, fs::path> drop_ins;
  for (const fs::path& each : folders) {
    const fs::path more = each / (file + ".d");
    for (const auto& entry :
         fs::is_directory(more, ignored) ? fs::directory_iterator(more) : fs::directory_iterator()) {
      if (entry.path().extension() == ".conf") {
        drop_ins.emplace(entry.path().filename().string(), entry.path());
      }
    }
  }
  for (const auto& [ignored_name, path] : drop_ins) {
    unit.read(read_file(path, kMaxUnitBytes).value_or(""));
  }
  return unit;
}

void UnitFile::read(std::string_view text) {
  bool in_service = false;
  std::string whole;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) {
    const std::string stripped = trimmed(line);
    if (stripped.starts_with('#') || stripped.starts_with(';')) {
      continue;  // also amid a line that goes on
    }
    if (stripped.ends_with('\\')) {
      whole += stripped.substr(0, stripped.size() - 1) + " ";
      continue;
    }
    whole += stripped;
    const std::string statement = std::exchange(whole, "");
    const auto equals = statement.find('=');
    if (statement.starts_with('[')) {
      in_service = statement == "[Service]";
    } else if (in_service && equals != std::string::npos) {
      auto& values = values_[trimmed(std::string_view(statement).substr(0, equals))];
      std::string value = trimmed(std::string_view(statement).substr(equals + 1));
      if (value.empty()) {
        values.clear();
      } else {
        values.push_back(std::move(value));
      }
    }
  }
}

std::vector<std::string> UnitFile::all(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

std::string UnitFile::last(std::string_view key) const {
  const auto values = all(key);
  return values.empty() ? "" : values.back();
}

bool UnitFile::is_on(std::string_view key) const {
  const std::string value = last(key);
  return value == "yes" || value == "true" || value == "on" || value == "1";
}

std::optional<std::chrono::microseconds> parse_systemd_time(std::string_view text) {
  using std::chrono::microseconds;
  constexpr std::int64_t kSecond = 1'000'000;
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 12> kUnits{{{"us", 1},
                                                                              {"ms", 1000},
                                                                              {"", kSecond},
                                                                              {"s", kSecond},
                                                                              {"sec", kSecond},
                                                                              {"second", kSecond},
                                                                              {"seconds", kSecond},
                                                                              {"m", 60 * kSecond},
                                                                              {"min", 60 * kSecond},
                                                                              {"minutes", 60 * kSecond},
                                                                              {"h", 3600 * kSecond},
                                                                              {"hr", 3600 * kSecond}}};
  if (text == "infinity") {
    return microseconds::max();
  }
  std::int64_t total = 0;
  bool has_any = false;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) {
      return has_any ? std::optional(microseconds(total)) : std::nullopt;
    }
    std::int64_t number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0) {
      return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const std::string_view word = text.substr(0, text.find_first_of(" 0123456789"));
    const auto* const unit = std::ranges::find(kUnits, word, &std::pair<std::string_view, std::int64_t>::first);
    std::int64_t part = 0;
    if (unit == kUnits.end() || __builtin_mul_overflow(number, unit->second, &part) ||
        __builtin_add_overflow(total, part, &total)) {
      return std::nullopt;
    }
    text.remove_prefix(word.size());
    has_any = true;
  }
}

}  // namespace mcdsl::doctor::internal
