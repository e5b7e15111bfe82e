#include <algorithm>
#include <string>
#include <string_view>

#include "mcdsl/cli/internal/tree.h"
#include "mcdsl/cli/program.h"

namespace mcdsl::cli {
namespace {

// Text of roff: a backslash and a dash mean themselves, and no line is taken for a request (groff_char(7)).
std::string roff(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (result.empty() || result.back() == '\n')) {
      result += "\\&";
    }
    result += c == '\\' ? std::string("\\e") : c == '-' ? std::string("\\-") : std::string(1, c);
  }
  return result;
}

// As one argument of a request.
std::string argument(std::string_view text) {
  std::string result = "\"";
  for (const char c : roff(text)) {
    result += c == '"' ? std::string("\\(dq") : std::string(1, c);
  }
  return result + "\"";
}

std::string paragraphs(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t end = text.find("\n\n");
    std::string_view part = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 2);
    while (part.starts_with('\n')) {
      part.remove_prefix(1);
    }
    // Lines that begin with a space are shown as they are: a table, say.
    const bool is_as_is = part.starts_with(' ');
    result += ".PP\n" + std::string(is_as_is ? ".nf\n" : "") + roff(part) + "\n" + (is_as_is ? ".fi\n" : "");
  }
  return result;
}

void add_tagged(std::string& page, const std::string& tag, const std::string& about) {
  page += ".TP\n.B " + argument(tag) + "\n" + roff(about.empty() ? "No more is said of it." : about) + "\n";
}

void add_examples(std::string& page, const std::vector<Example>& examples) {
  for (const Example& example : examples) {
    add_tagged(page, example.line, example.about);
  }
}

void add_command(std::string& page, const Command& command, const std::string& program, const std::string& path) {
  page += ".SS " + argument(internal::synopsis(command, program, path)) + "\n" + roff(command.about) + ".\n";
  page += paragraphs(command.details);
  for (const Argument& given : command.arguments) {
    add_tagged(page, internal::spelled(given), given.about);
  }
  for (const Option& option : command.options) {
    add_tagged(page, internal::spelled(option), option.about);
  }
}

}  // namespace

std::string manual(const Program& program) {
  const Command root = internal::whole_tree(program);
  std::string title = program.name;
  std::ranges::transform(title, title.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  // The date of a page is that of its program, which its version says; none keeps the page the same on every day.
  std::string page = ".TH " + argument(title) + " 1 \"\" " + argument(program.name + " " + program.version) +
                     " \"User Commands\"\n.SH NAME\n" + roff(program.name) + " \\- " +
                     roff(program.about.empty() ? "a program without a description" : program.about) + "\n";
  page += ".SH SYNOPSIS\n.B " + argument(program.name) + "\n[OPTION]... COMMAND [ARGUMENT]...\n";
  if (!program.details.empty()) {
    page += ".SH DESCRIPTION\n" + paragraphs(program.details).substr(4);  // the first one needs no .PP
  }
  page += ".SH OPTIONS\n";
  for (const Option& option : root.options) {
    add_tagged(page, internal::spelled(option), option.about);
  }
  page += ".SH COMMANDS\n";
  std::string examples;
  internal::walk(root, [&](const Command& command, const std::string& path) {
    if (&command != &root && (command.run || command.commands.empty())) {
      add_command(page, command, program.name, path);
    }
    add_examples(examples, command.examples);
  });
  if (!program.exit_codes.empty()) {
    page += ".SH EXIT STATUS\n";
    for (const ExitCode& code : program.exit_codes) {
      add_tagged(page, std::to_string(code.code), code.about);
    }
  }
  return examples.empty() ? page : page + ".SH EXAMPLES\n" + examples;
}

}  // namespace mcdsl::cli
