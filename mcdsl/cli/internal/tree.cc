#include "mcdsl/cli/internal/tree.h"

#include <algorithm>
#include <set>
#include <utility>

#include "mcdsl/base/error.h"

namespace mcdsl::cli::internal {
namespace {

void refuse(const std::string& path, const std::string& why) {
  throw Exception(Code::internal, "command line \"" + path + "\": " + why);
}

bool is_name(std::string_view text) {
  return !text.empty() && text.front() != '-' && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

void check_arguments(const Command& command, const std::string& path) {
  for (std::size_t i = 0; i < command.arguments.size(); ++i) {
    const Argument& argument = command.arguments[i];
    const bool is_last = i + 1 == command.arguments.size();
    if (argument.kind == Kind::flag || (argument.may_repeat && !is_last) ||
        (argument.is_optional && !is_last && !command.arguments[i + 1].is_optional)) {
      refuse(path, "nobody could tell where " + argument.name + " ends");
    }
  }
}

void check(const Command& command, const std::string& path) {
  std::set<std::string> names;
  const auto take = [&](const std::string& name) {
    if (!is_name(name) || !names.insert(name).second) {
      refuse(path, "\"" + name + "\" is no name, or is there twice");
    }
  };
  for (const Option& option : command.options) {
    take(option.name);
  }
  for (const Argument& argument : command.arguments) {
    take(argument.name);
  }
  check_arguments(command, path);
  names.clear();
  for (const Command& inner : command.commands) {
    take(inner.name);
    check(inner, path + " " + inner.name);
  }
}

void walk_from(const Command& command, const std::string& path,
               const std::function<void(const Command&, const std::string&)>& visit) {
  visit(command, path);
  for (const Command& inner : command.commands) {
    walk_from(inner, path + " " + inner.name, visit);
  }
}

}  // namespace

Command whole_tree(const Program& program) {
  Command root{.name = program.name,
               .about = program.about,
               .details = program.details,
               .options = program.options,
               .commands = program.commands,
               .examples = program.examples};
  root.options.push_back({.name = "help", .about = "explain the program, or the command before it"});
  root.commands.push_back({.name = std::string(kVersion),
                           .about = "print the version, as --version does",
                           .options = {{.name = "json", .about = "as one JSON object, for machines"}}});
  root.commands.push_back(
      {.name = std::string(kCompletion),
       .about = "print a script that completes this program's command lines",
       .arguments = {{.name = "SHELL", .about = "whose", .choices = {"bash", "zsh", "fish"}}},
       .examples = {{.line = "source <(" + program.name + " completion bash)", .about = "for this shell"}}});
  root.commands.push_back({.name = std::string(kManual),
                           .about = "print the manual page",
                           .examples = {{.line = program.name + " man | man -l -", .about = "read it"}}});
  check(root, program.name);
  return root;
}

const Command* find(const Command& root, std::span<const std::string> path) {
  const Command* command = &root;
  for (const std::string& name : path) {
    const auto found = std::ranges::find(command->commands, name, &Command::name);
    if (found == command->commands.end()) {
      return nullptr;
    }
    command = &*found;
  }
  return command;
}

void walk(const Command& root, const std::function<void(const Command&, const std::string&)>& visit) {
  walk_from(root, "", visit);
}

std::string value_name(const Option& option) {
  if (!option.value_name.empty()) {
    return option.value_name;
  }
  if (!option.choices.empty()) {
    return joined(option.choices, "|");
  }
  switch (option.kind) {
    case Kind::flag:
      return "";
    case Kind::number:
      return "NUMBER";
    case Kind::file:
      return "FILE";
    case Kind::folder:
      return "FOLDER";
    case Kind::text:
      break;
  }
  return "TEXT";
}

std::string spelled(const Option& option) {
  const std::string value = value_name(option);
  return "--" + option.name + (value.empty() ? "" : " " + value);
}

std::string spelled(const Argument& argument) {
  const std::string name =
      (argument.choices.empty() ? argument.name : joined(argument.choices, "|")) + (argument.may_repeat ? "..." : "");
  return argument.is_optional ? "[" + name + "]" : name;
}

std::string synopsis(const Command& command, const std::string& program, const std::string& path) {
  std::string text = program + path;
  for (const Option& option : command.options) {
    const std::string word = spelled(option) + (option.may_repeat ? "..." : "");
    text.append(option.is_required ? " " + word : " [" + word + "]");
  }
  for (const Argument& argument : command.arguments) {
    text.append(" ").append(spelled(argument));
  }
  if (command.takes_words_as_they_are) {
    text.append(" ...");
  }
  if (!command.commands.empty()) {
    text.append(command.run ? " [COMMAND]" : " COMMAND");
  }
  return text;
}

std::string joined(std::span<const std::string> words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    text.append(text.empty() ? "" : separator).append(word);
  }
  return text;
}

std::vector<std::string> names_of(std::span<const Command> commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) {
    names.push_back(command.name);
  }
  return names;
}

std::string identifier(std::string_view name) {
  std::string text(name);
  std::ranges::replace(text, '-', '_');
  return text;
}

std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result.append("'\\''");
    } else {
      result.push_back(c);
    }
  }
  return result + "'";
}

std::string option_pattern(const Option& option, const std::string& path) {
  return path.empty() ? "*' --" + option.name + "'" : "'" + path + " --" + option.name + "'";
}

std::vector<Option> options_at(const Command& root, const Command& command) {
  std::vector<Option> options = command.options;
  if (&command != &root) {
    options.insert(options.end(), root.options.begin(), root.options.end());
  }
  return options;
}

std::string following_arms(const Command& root) {
  std::string commands;
  std::string options;
  walk(root, [&](const Command& command, const std::string& path) {
    if (!path.empty()) {
      commands.append(commands.empty() ? "" : " | ").append("'" + path + "'");
    }
    for (const Option& option : command.options) {
      if (option.kind != Kind::flag) {
        options.append(options.empty() ? "" : " | ").append(option_pattern(option, path));
      }
    }
  });
  std::string arms = "      " + commands + ") command+=\" $word\" count=0 ;;\n";
  if (!options.empty()) {
    arms += "      " + options + ") pending=$word ;;\n";
  }
  return arms + "      *' -'*) ;;\n      *) ((count += 1)) ;;\n";
}

}  // namespace mcdsl::cli::internal
