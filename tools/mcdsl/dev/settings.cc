#include "tools/mcdsl/dev/settings.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <fmt/format.h>

#include "mcdsl/config/config.h"

namespace mcdsl::tool {
namespace {

constexpr auto kNotForThem =
    std::to_array<std::string_view>({"PORT", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
                                     "WATCHDOG_PID", "WATCHDOG_USEC", "CREDENTIALS_DIRECTORY"});

std::string upper(std::string_view text) {
  std::string word(text);
  std::ranges::transform(word, word.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : (c == '-' ? '_' : c);
  });
  return word;
}

// A basic string of TOML.
std::string toml_string(std::string_view text) {
  std::string written = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      written += '\\';
      written += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      written += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      written += c;
    }
  }
  return written + '"';
}

}  // namespace

std::string to_toml(const std::vector<Setting>& settings) {
  std::string text = "# Written by mcdsl dev at each start; edits are lost at the next one.\n";
  std::string_view section;
  for (const Setting& setting : settings) {
    if (setting.section != section) {
      section = setting.section;
      text += fmt::format("\n[{}]\n", section);
    }
    const std::string value = setting.is_text ? toml_string(setting.value) : setting.value;
    text += fmt::format(fmt::runtime(setting.is_list ? "{} = [{}]\n" : "{} = {}\n"), setting.key, value);
  }
  return text;
}

std::string environment_prefix(std::string_view program) {
  return upper(program);
}

std::vector<std::string> to_environment(const std::vector<Setting>& settings, std::string_view program) {
  std::vector<std::string> variables;
  for (const Setting& setting : settings) {
    variables.push_back(fmt::format("{}_{}_{}={}", environment_prefix(program), upper(setting.section),
                                    upper(setting.key), setting.value));
  }
  return variables;
}

std::vector<std::string> environment_with(const std::vector<std::string>& variables) {
  config::Environment environment = config::process_environment();
  std::erase_if(environment, [](const auto& variable) {
    return variable.first.starts_with("PORT_") ||
           std::ranges::find(kNotForThem, std::string_view(variable.first)) != kNotForThem.end();
  });
  for (const std::string& variable : variables) {
    const std::size_t end = variable.find('=');
    environment.insert_or_assign(variable.substr(0, end), variable.substr(end + 1));
  }
  std::vector<std::string> lines;
  for (const auto& [name, value] : environment) {
    lines.push_back(name + "=" + value);
  }
  return lines;
}

}  // namespace mcdsl::tool
