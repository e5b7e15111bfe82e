#include "mcdsl/cli/internal/parse.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>

#include "mcdsl/base/bytes.h"
#include "mcdsl/cli/internal/tree.h"

namespace mcdsl::cli::internal {
namespace {

// What is wrong with a value; empty where nothing is.
std::string problem_with(const std::string& value, Kind kind, const std::vector<std::string>& choices) {
  if (!choices.empty() && std::ranges::find(choices, value) == choices.end()) {
    return "\"" + printable(value) + "\" is none of " + joined(choices, ", ");
  }
  std::int64_t number = 0;
  const char* end = value.data() + value.size();
  if (kind == Kind::number) {
    const auto [stop, error] = std::from_chars(value.data(), end, number);
    if (error != std::errc() || stop != end) {
      return "\"" + printable(value) + "\" is no whole number";
    }
  }
  return value.empty() && (kind == Kind::file || kind == Kind::folder) ? "an empty path names nothing" : "";
}

// How many single letters lie between two words.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, diagonal + 1, changed});
    }
  }
  return row.back();
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t kNear = 2;
  const std::string* nearest = nullptr;
  std::size_t least = std::min(kNear, word.size() / 2) + 1;
  for (const std::string& name : known) {
    if (const std::size_t far = distance(word, name); far < least) {
      least = far;
      nearest = &name;
    }
  }
  return nearest == nullptr ? "" : "; did you mean \"" + *nearest + "\"?";
}

/// CLI11's parser, made of the tree.
class Parser {
 public:
  explicit Parser(const Command& root) : app_(root.about, root.name) {
    app_.fallthrough();  // so that the program's options may stand behind a command; commands take it over
    fill(app_, root);
  }

  Request read(std::vector<std::string> words) {
    Request request;
    try {
      std::ranges::reverse(words);  // as CLI11 wants them
      app_.parse(std::move(words));
    } catch (const CLI::CallForHelp&) {
      request.wants_help = true;
    } catch (const CLI::ParseError& problem) {
      request.problem = problem.what();
    }
    const CLI::App* app = &app_;
    for (auto inner = app->get_subcommands(); !inner.empty(); inner = app->get_subcommands()) {
      app = inner.front();
      request.path.push_back(app->get_name());
    }
    for (Slot& slot : slots_) {
      if (slot.app == &app_ || slot.app == app) {
        for (std::string& value : slot.values) {
          request.values.add(slot.name, std::move(value));
        }
        if (slot.is_set) {
          request.values.add(slot.name, "true");
        }
      }
    }
    return request;
  }

 private:
  struct Slot {
    const CLI::App* app;
    std::string name;
    std::vector<std::string> values{};
    bool is_set = false;
  };

  void fill(CLI::App& app, const Command& command) {
    app.set_help_flag();  // ours is among the options
    for (const Option& option : command.options) {
      Slot& slot = slots_.emplace_back(Slot{.app = &app, .name = option.name});
      if (option.name == "help") {
        app.set_help_flag("-h,--help");
      } else if (option.kind == Kind::flag) {
        app.add_flag("--" + option.name, slot.is_set);
      } else {
        CLI::Option* added = app.add_option("--" + option.name, slot.values);
        added->allow_extra_args(false)->required(option.is_required);
        if (!option.may_repeat) {
          added->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::Throw);
        }
        check(*added, option.kind, option.choices);
      }
    }
    if (&app != &app_) {
      app.set_help_flag("-h,--help");
    }
    for (const Argument& argument : command.arguments) {
      Slot& slot = slots_.emplace_back(Slot{.app = &app, .name = argument.name});
      CLI::Option* added = app.add_option(argument.name, slot.values);
      added->required(!argument.is_optional);
      if (argument.may_repeat) {
        added->expected(argument.is_optional ? 0 : 1, CLI::detail::expected_max_vector_size);
      } else {
        added->expected(1)->allow_extra_args(false);  // what follows is the next one's
      }
      check(*added, argument.kind, argument.choices);
    }
    for (const Command& inner : command.commands) {
      fill(*app.add_subcommand(inner.name, inner.about), inner);
    }
    if (!command.commands.empty()) {
      app.require_subcommand(command.run ? 0 : 1, 1);
    }
  }

  static void check(CLI::Option& option, Kind kind, const std::vector<std::string>& choices) {
    option.check([kind, choices](const std::string& value) { return problem_with(value, kind, choices); });
  }

  CLI::App app_;
  std::deque<Slot> slots_;  // whose addresses stay
};

// A line of a command that reads its words itself; nothing where it is none. Only the program's own options before "--"
// are taken out of it, wherever they stand.
std::optional<Request> read_as_they_are(const Command& root, std::span<const std::string> words) {
  Request request;
  std::vector<std::string> own;
  auto word = words.begin();
  for (; word != words.end() && *word != "--"; ++word) {
    const std::size_t equals = word->find('=');
    const auto option = std::ranges::find_if(root.options, [&](const Option& known) {
      return known.name != "help" && "--" + known.name == word->substr(0, equals);
    });
    if (option == root.options.end()) {
      own.push_back(*word);
    } else if (option->kind == Kind::flag) {
      request.values.add(option->name, "true");
    } else if (equals != std::string::npos) {
      request.values.add(option->name, word->substr(equals + 1));
    } else if (std::next(word) != words.end() && *std::next(word) != "--") {
      request.values.add(option->name, *++word);
    } else {
      return std::nullopt;  // the parser says what is missing
    }
  }
  own.insert(own.end(), word, words.end());
  const auto command = std::ranges::find_if(root.commands, [&](const Command& known) {
    return known.takes_words_as_they_are && !own.empty() && own.front() == known.name;
  });
  if (command == root.commands.end()) {
    return std::nullopt;
  }
  request.path = {command->name};
  request.command = &*command;
  own.erase(own.begin());
  request.values.set_words(std::move(own));
  return request;
}

// The first word that should name a command and does not.
std::string unknown_command(const Command& root, std::span<const std::string> words) {
  const Command* command = &root;
  for (auto word = words.begin(); word != words.end() && *word != "--"; ++word) {
    const auto options = options_at(root, *command);
    const auto option = std::ranges::find_if(options, [&](const Option& known) { return "--" + known.name == *word; });
    if (option != options.end() && option->kind != Kind::flag && std::next(word) != words.end()) {
      ++word;
    } else if (!word->starts_with('-')) {
      const auto next = std::ranges::find(command->commands, *word, &Command::name);
      if (command->commands.empty()) {
        return "";
      }
      if (next == command->commands.end()) {
        return "unknown command \"" + printable(*word) + "\"" + did_you_mean(*word, names_of(command->commands));
      }
      command = &*next;
    }
  }
  return "";
}

std::string unknown_option(const Command& root, const Command& command, std::span<const std::string> words) {
  std::vector<std::string> known;
  for (const Option& option : options_at(root, command)) {
    known.push_back("--" + option.name);
  }
  for (const std::string& given : words) {
    const std::string word = given.substr(0, given.find('='));
    if (word == "--") {
      break;
    }
    if (word.starts_with("--") && std::ranges::find(known, word) == known.end()) {
      return "unknown option \"" + printable(word) + "\"" + did_you_mean(word, known);
    }
  }
  return "";
}

}  // namespace

Request parse(const Command& root, std::span<const std::string> words) {
  if (auto request = read_as_they_are(root, words)) {
    return *std::move(request);
  }
  Request request = Parser(root).read({words.begin(), words.end()});
  const Command* command = find(root, request.path);
  if (!request.problem.empty()) {
    // CLI11 knows what is too much, but not what it may have been meant for.
    std::string better = unknown_command(root, words);
    if (better.empty()) {
      better = unknown_option(root, *command, words);
    }
    if (!better.empty()) {
      request.problem = std::move(better);
    }
    return request;
  }
  request.command = command;
  return request;
}

}  // namespace mcdsl::cli::internal
