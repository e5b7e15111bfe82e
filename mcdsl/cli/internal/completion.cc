#include <string>
#include <vector>

#include "mcdsl/cli/internal/tree.h"
#include "mcdsl/cli/program.h"

namespace mcdsl::cli {
namespace internal {
namespace {

constexpr std::string_view kFollow = R"(    word=${COMP_WORDS[i]}
    if [[ $word == '=' ]]; then
      continue
    elif [[ -n $pending ]]; then
      pending=''
      continue
    fi
    case "$command $word" in
)";

std::string words_of(const std::vector<Option>& options) {
  std::string words;
  for (const Option& option : options) {
    words.append(words.empty() ? "--" : " --").append(option.name);
  }
  return words;
}

// The pattern of the argument at a position: the last one of several is at every further position too.
std::string argument_pattern(const std::string& path, std::size_t position, const Argument& argument) {
  return argument.may_repeat ? "'" + path + " '*" : "'" + path + " " + std::to_string(position) + "'";
}

std::string bash_value(Kind kind, const std::vector<std::string>& choices) {
  if (!choices.empty()) {
    return "words=" + quoted(joined(choices, " "));
  }
  return kind == Kind::file ? "paths=-f" : kind == Kind::folder ? "paths=-d" : "words=''";
}

// "name:what it is", as _describe of zsh reads it.
std::string described(const std::string& name, const std::string& about) {
  std::string text;
  for (const char c : name) {
    text += c == ':' ? std::string("\\:") : std::string(1, c);
  }
  return quoted(about.empty() ? text : text + ":" + about);
}

std::string zsh_value(Kind kind, const std::vector<std::string>& choices) {
  if (!choices.empty()) {
    std::string matches;
    for (const std::string& choice : choices) {
      matches += (matches.empty() ? "" : " ") + described(choice, "");
    }
    return "matches=(" + matches + ")";
  }
  return kind == Kind::file ? "paths=(-g '*')" : kind == Kind::folder ? "paths=(-/)" : "matches=()";
}

template <class Value>
std::string arms_for_options(const Command& root, Value value) {
  std::string arms;
  walk(root, [&](const Command& command, const std::string& path) {
    for (const Option& option : command.options) {
      if (option.kind != Kind::flag) {
        arms += "    " + option_pattern(option, path) + ") " + value(option.kind, option.choices) + " ;;\n";
      }
    }
  });
  return arms;
}

template <class Value>
std::string arms_for_arguments(const Command& command, const std::string& path, Value value) {
  std::string arms;
  for (std::size_t i = 0; i < command.arguments.size(); ++i) {
    const Argument& argument = command.arguments[i];
    arms += "    " + argument_pattern(path, i, argument) + ") " + value(argument.kind, argument.choices) + " ;;\n";
  }
  return arms;
}

}  // namespace

std::string bash_completion(const Command& root) {
  const std::string function = "_" + identifier(root.name) + "_completion";
  std::string arguments;
  std::string options;
  walk(root, [&](const Command& command, const std::string& path) {
    if (!command.commands.empty()) {
      arguments += "    '" + path + " 0') words=" + quoted(joined(names_of(command.commands), " ")) + " ;;\n";
    }
    arguments += arms_for_arguments(command, path, bash_value);
    options += "    '" + path + "') words=" + quoted(words_of(options_at(root, command))) + " ;;\n";
  });
  return "# bash completion of " + root.name + ", made by: " + root.name + " completion bash\n" + function +
         "() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} command='' pending='' words='' paths='' word i\n"
         "  local -i count=0\n"
         "  [[ $current != '=' ]] || current=''\n"
         "  for ((i = 1; i < COMP_CWORD; i += 1)); do\n" +
         std::string(kFollow) + following_arms(root) +
         "    esac\n"
         "  done\n"
         "  if [[ -n $pending ]]; then\n"
         "    case \"$command $pending\" in\n" +
         arms_for_options(root, bash_value) +
         "    esac\n"
         "  elif [[ $current == -* ]]; then\n"
         "    case \"$command\" in\n" +
         options +
         "    esac\n"
         "  else\n"
         "    case \"$command $count\" in\n" +
         arguments +
         "    esac\n"
         "  fi\n"
         "  if [[ -n $paths ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen \"$paths\" -- \"$current\")\n"
         "    compopt -o filenames 2>/dev/null\n"
         "  else\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "  fi\n"
         "}\n"
         "complete -F " +
         function + " " + root.name + "\n";
}

std::string zsh_completion(const Command& root) {
  const std::string function = "_" + identifier(root.name);
  std::string arguments;
  std::string options;
  walk(root, [&](const Command& command, const std::string& path) {
    if (!command.commands.empty()) {
      std::string matches;
      for (const Command& inner : command.commands) {
        matches += " " + described(inner.name, inner.about);
      }
      arguments += "    '" + path + " 0') matches=(" + matches.substr(1) + ") ;;\n";
    }
    arguments += arms_for_arguments(command, path, zsh_value);
    std::string matches;
    for (const Option& option : options_at(root, command)) {
      matches += " " + described("--" + option.name, option.about);
    }
    options += "    '" + path + "') matches=(" + matches.substr(1) + ") ;;\n";
  });
  return "#compdef " + root.name + "\n# zsh completion of " + root.name + ", made by: " + root.name +
         " completion zsh\ncompdef " + function + " " + root.name + "\n" + function +
         "() {\n"
         "  local current=$words[CURRENT] command='' pending='' word\n"
         "  local -a matches paths\n"
         "  integer count=0 i\n"
         "  for ((i = 2; i < CURRENT; i += 1)); do\n"
         "    word=$words[i]\n"
         "    if [[ -n $pending ]]; then\n"
         "      pending=''\n"
         "      continue\n"
         "    fi\n"
         "    case \"$command $word\" in\n" +
         following_arms(root) +
         "    esac\n"
         "  done\n"
         "  if [[ -z $pending && $current == --*=* ]]; then\n"
         "    pending=${current%%=*}\n"
         "    compset -P '*='\n"
         "  fi\n"
         "  if [[ -n $pending ]]; then\n"
         "    case \"$command $pending\" in\n" +
         arms_for_options(root, zsh_value) +
         "    esac\n"
         "  elif [[ $current == -* ]]; then\n"
         "    case \"$command\" in\n" +
         options +
         "    esac\n"
         "  else\n"
         "    case \"$command $count\" in\n" +
         arguments +
         "    esac\n"
         "  fi\n"
         "  if (($#paths)); then\n"
         "    _files $paths\n"
         "  elif (($#matches)); then\n"
         "    _describe -t words 'word' matches\n"
         "  fi\n"
         "}\n"
         "# Read from a folder of completions, this file is the function; where it is sourced it only defines it.\n"
         "if [[ ${funcstack[1]} == " +
         function + " ]]; then\n  " + function + " \"$@\"\nfi\n";
}

}  // namespace internal

std::string completion(const Program& program, Shell shell) {
  const Command root = internal::whole_tree(program);
  switch (shell) {
    case Shell::zsh:
      return internal::zsh_completion(root);
    case Shell::fish:
      return internal::fish_completion(root);
    case Shell::bash:
      break;
  }
  return internal::bash_completion(root);
}

}  // namespace mcdsl::cli
