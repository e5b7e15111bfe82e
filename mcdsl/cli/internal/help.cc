#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "mcdsl/base/error.h"
#include "mcdsl/cli/internal/tree.h"
#include "mcdsl/cli/program.h"

namespace mcdsl::cli {
namespace {

using Line = std::pair<std::string, std::string>;

constexpr std::size_t kWidestName = 28;  // a longer one has a line of its own

void add_table(std::string& text, const std::string& title, const std::vector<Line>& lines) {
  if (lines.empty()) {
    return;
  }
  std::size_t width = 0;
  for (const auto& [name, about] : lines) {
    width = std::max(width, std::min(name.size(), kWidestName));
  }
  text += "\n" + title + ":\n";
  for (const auto& [name, about] : lines) {
    text += "  " + name;
    if (!about.empty()) {
      text +=
          name.size() > kWidestName ? "\n" + std::string(width + 4, ' ') : std::string(width - name.size() + 2, ' ');
      text += about;
    }
    text += '\n';
  }
}

std::vector<Line> lines_of(const std::vector<Option>& options) {
  std::vector<Line> lines;
  for (const Option& option : options) {
    lines.emplace_back(internal::spelled(option), option.about + (option.is_required ? " (required)" : ""));
  }
  return lines;
}

}  // namespace

std::string help(const Program& program, std::span<const std::string> command) {
  const Command root = internal::whole_tree(program);
  const Command* shown = internal::find(root, command);
  if (shown == nullptr) {
    throw Exception(Code::internal, "no command \"" + internal::joined(command, " ") + "\" to explain");
  }
  std::string path;
  for (const std::string& name : command) {
    path += " " + name;
  }
  std::string text = program.name + path + (shown->about.empty() ? "" : ": " + shown->about) +
                     "\n\nusage: " + internal::synopsis(*shown, program.name, path) + "\n";
  if (!shown->details.empty()) {
    text += "\n" + shown->details + "\n";
  }
  std::vector<Line> lines;
  for (const Command& inner : shown->commands) {
    lines.emplace_back(inner.name, inner.about);
  }
  add_table(text, "commands", lines);
  lines.clear();
  for (const Argument& argument : shown->arguments) {
    lines.emplace_back(internal::spelled(argument), argument.about);
  }
  add_table(text, "arguments", lines);
  add_table(text, "options", lines_of(internal::options_at(root, *shown)));
  lines.clear();
  for (const Example& example : shown->examples) {
    lines.emplace_back(example.line, example.about);
  }
  add_table(text, "examples", lines);
  lines.clear();
  for (const ExitCode& code : program.exit_codes) {
    lines.emplace_back(std::to_string(code.code), code.about);
  }
  add_table(text, "exit codes", lines);
  return text;
}

}  // namespace mcdsl::cli
