#include "mcdsl/cli/program.h"

#include <algorithm>
#include <charconv>
#include <iostream>
#include <vector>

#include "mcdsl/base/bytes.h"
#include "mcdsl/cli/internal/parse.h"
#include "mcdsl/cli/internal/tree.h"

namespace mcdsl::cli {
namespace {

std::string json_text(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result.append("\\").push_back(c);
    } else if (static_cast<unsigned char>(c) < ' ') {
      result.append("\\u00").append(hex_encode(std::string_view(&c, 1)));
    } else {
      result.push_back(c);
    }
  }
  return result + "\"";
}

std::string_view compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

void print_version(const Program& program, bool as_json, std::ostream& out) {
  out << (as_json ? version_json(program) : program.name + " " + program.version) << '\n';
}

// What every program has.
int run_standard(const Program& program, std::string_view command, const Values& values, std::ostream& out) {
  if (command == internal::kVersion) {
    print_version(program, values.has("json"), out);
  } else if (command == internal::kManual) {
    out << manual(program);
  } else {
    const std::string shell = values.text("SHELL");
    out << completion(program, shell == "zsh" ? Shell::zsh : shell == "fish" ? Shell::fish : Shell::bash);
  }
  return 0;
}

}  // namespace

std::string Values::text(std::string_view name, std::string_view otherwise) const {
  const auto given = all(name);
  return given.empty() ? std::string(otherwise) : given.back();
}

std::int64_t Values::number(std::string_view name, std::int64_t otherwise) const {
  const std::string word = text(name);
  std::int64_t number = otherwise;
  std::from_chars(word.data(), word.data() + word.size(), number);
  return number;
}

std::span<const std::string> Values::all(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::span<const std::string>() : std::span<const std::string>(found->second);
}

int run(const Program& program, std::span<const std::string> words, std::ostream& out, std::ostream& err) {
  const std::vector<std::string> line(words.begin(), words.end());
  const bool with_json = line == std::vector<std::string>{"--version", "--json"};
  if (with_json || line == std::vector<std::string>{"--version"}) {
    print_version(program, with_json, out);
    return 0;
  }
  const Command root = internal::whole_tree(program);
  const internal::Request request = internal::parse(root, words);
  if (request.wants_help) {
    out << help(program, request.path);
    return 0;
  }
  if (request.command == nullptr) {
    const std::string path = internal::joined(request.path, " ");
    err << program.name << ": " << request.problem << "; see " << program.name << (path.empty() ? "" : " " + path)
        << " --help\n";
    return kUsage;
  }
  return request.command->run ? request.command->run(request.values)
                              : run_standard(program, request.command->name, request.values, out);
}

int run(const Program& program, int argc, char** argv) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  return run(program, words, std::cout, std::cerr);
}

std::string version_json(const Program& program) {
  return "{\"name\":" + json_text(program.name) + ",\"version\":" + json_text(program.version) +
         ",\"compiler\":" + json_text(compiler()) + "}";
}

}  // namespace mcdsl::cli
