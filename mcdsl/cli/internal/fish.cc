#include <string>
#include <vector>

#include "mcdsl/cli/internal/tree.h"

namespace mcdsl::cli::internal {
namespace {

// Within single quotes of fish, where the backslash escapes itself and the quote.
std::string fish_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    result += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  }
  return result + "'";
}

/// Writes the lines for one program.
class FishScript {
 public:
  explicit FishScript(const Command& root) : root_(root), function_("__" + identifier(root.name) + "_at") {}

  std::string write() {
    std::string commands;
    std::string options;
    walk(root_, [&](const Command& command, const std::string& path) {
      if (!path.empty()) {
        commands += " " + fish_quoted(path);
      }
      for (const Option& option : command.options) {
        if (option.kind != Kind::flag) {
          options += " " + fish_quoted((path.empty() ? "*" : path) + " --" + option.name);
        }
      }
    });
    text_ = "# fish completion of " + root_.name + ", made by: " + root_.name + " completion fish\nfunction " +
            function_ +
            " --description 'The command on the line and how many arguments it has so far'\n"
            "  set -l command ''\n"
            "  set -l count 0\n"
            "  set -l waits 0\n"
            "  for word in (commandline -opc)[2..-1]\n"
            "    if test $waits = 1\n"
            "      set waits 0\n"
            "      continue\n"
            "    end\n"
            "    switch \"$command $word\"\n"
            "      case" +
            commands +
            "\n"
            "        set command \"$command $word\"\n"
            "        set count 0\n";
    if (!options.empty()) {
      text_ += "      case" + options + "\n        set waits 1\n";
    }
    text_ +=
        "      case '* -*'\n"
        "      case '*'\n"
        "        set count (math $count + 1)\n"
        "    end\n"
        "  end\n"
        "  string match -q -- \"$argv[1]\" \"$command $count\"\n"
        "end\n"
        "complete -c " +
        root_.name + " -f\n";
    walk(root_, [this](const Command& command, const std::string& path) { add(command, path); });
    return text_;
  }

 private:
  // A line that counts where the function finds this pattern.
  void line(const std::string& pattern, const std::string& what, const std::string& about) {
    text_ += "complete -c " + root_.name + " -n " + fish_quoted(function_ + " " + fish_quoted(pattern)) + what +
             (about.empty() ? "" : " -d " + fish_quoted(about)) + "\n";
  }

  void add(const Command& command, const std::string& path) {
    for (const Command& inner : command.commands) {
      line(path + " 0", " -a " + fish_quoted(inner.name), inner.about);
    }
    for (std::size_t i = 0; i < command.arguments.size(); ++i) {
      const Argument& argument = command.arguments[i];
      const std::string place = path + " " + (argument.may_repeat ? "*" : std::to_string(i));
      if (const std::string value = value_of(argument.kind, argument.choices); !value.empty()) {
        line(place, value, argument.about);
      }
    }
    for (const Option& option : options_at(root_, command)) {
      const bool takes_value = option.kind != Kind::flag;
      line(path + " *",
           " -l " + option.name +
               (takes_value ? (option.kind == Kind::file ? " -r" : " -x") + value_of(option.kind, option.choices) : ""),
           option.about);
    }
  }

  static std::string value_of(Kind kind, const std::vector<std::string>& choices) {
    if (!choices.empty()) {
      return " -a " + fish_quoted(joined(choices, " "));
    }
    return kind == Kind::file     ? " -F"
           : kind == Kind::folder ? " -a " + fish_quoted("(__fish_complete_directories)")
                                  : "";
  }

  const Command& root_;
  const std::string function_;
  std::string text_;
};

}  // namespace

std::string fish_completion(const Command& root) {
  return FishScript(root).write();
}

}  // namespace mcdsl::cli::internal
