#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What a program takes on its command line, said once: the parser, `--help`, the completion of three shells and the
/// manual page are all made of it.
namespace mcdsl::cli {

/// What a word on the command line is: how it is checked, and what a shell offers for it.
enum class Kind : std::uint8_t {
  flag,    ///< of options only: there or not, without a value
  text,    ///< anything
  number,  ///< a whole number of 64 bits
  file,    ///< the path of a file, there or not
  folder,  ///< the path of a folder, there or not
};

/// `--days NUMBER`.
struct Option {
  std::string name = {};   ///< without its dashes: "days"
  std::string about = {};  ///< a line, in lower case and without a full stop, as all of these
  Kind kind = Kind::flag;
  std::string value_name = {};            ///< for --help: "FILE"; empty for the kind's own
  std::vector<std::string> choices = {};  ///< where the value is one of a few
  bool is_required = false;
  bool may_repeat = false;
};

/// A word without dashes: `notes snapshot PATH`.
struct Argument {
  std::string name = {};  ///< "PATH"
  std::string about = {};
  Kind kind = Kind::text;
  std::vector<std::string> choices = {};
  bool is_optional = false;  ///< then all behind it are
  bool may_repeat = false;   ///< of the last one only
};

struct Example {
  std::string line = {};   ///< "notes snapshot /tmp/copy.db"
  std::string about = {};  ///< what it does
};

struct ExitCode {
  int code = 0;
  std::string about = {};
};

/// What was given to one command.
class Values {
 public:
  /// Whether the option or argument was given.
  [[nodiscard]] bool has(std::string_view name) const { return !all(name).empty(); }

  /// Its (last) value, or the other one where it was not given.
  [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise = {}) const;
  [[nodiscard]] std::int64_t number(std::string_view name, std::int64_t otherwise = 0) const;

  /// All that were given, in their order.
  [[nodiscard]] std::span<const std::string> all(std::string_view name) const;

  /// Of a command that `takes_words_as_they_are`: those behind its name.
  [[nodiscard]] std::span<const std::string> words() const noexcept { return words_; }

  void add(std::string_view name, std::string value) { values_[std::string(name)].push_back(std::move(value)); }
  void set_words(std::vector<std::string> words) { words_ = std::move(words); }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> words_;
};

/// A command, or a group of commands: one with `commands` and without `run`.
struct Command {
  std::string name = {};
  std::string about = {};    ///< a line
  std::string details = {};  ///< paragraphs, for its own --help and the manual; an empty line between two
  std::vector<Argument> arguments = {};
  std::vector<Option> options = {};
  std::vector<Command> commands = {};
  std::vector<Example> examples = {};
  /// Every word behind the name is the command's own to read, `--help` too, except the options of the program (before
  /// a "--").
  bool takes_words_as_they_are = false;
  /// Returns the exit code. What it throws goes through `cli::run`.
  std::function<int(const Values&)> run = {};
};

/// A program: its name, its commands, and the options that all of these take.
struct Program {
  std::string name = {};
  std::string version = {};
  std::string about = {};
  std::string details = {};
  std::vector<Option> options = {};
  std::vector<Command> commands = {};
  std::vector<Example> examples = {};
  std::vector<ExitCode> exit_codes = {};
};

}  // namespace mcdsl::cli
