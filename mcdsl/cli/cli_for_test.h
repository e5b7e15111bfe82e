#pragma once

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/wait.h>

#include "mcdsl/cli/command.h"

namespace mcdsl::cli {

/// A program with everything in it that a description can have.
inline Program notes_program(std::function<int(const std::string& command, const Values& values)> record = {}) {
  const auto runs = [record](std::string name) {
    return [record, name = std::move(name)](const Values& values) { return record ? record(name, values) : 0; };
  };
  return {
      .name = "notes",
      .version = "1.2.3",
      .about = "keeps notes",
      .details = "It keeps them in a database.\n\nA line may begin with what roff takes for a request:\n\n  .SH -x \\n",
      .options = {{.name = "config", .about = "the configuration file", .kind = Kind::file}},
      .commands =
          {{.name = "server", .about = "serve until SIGTERM", .run = runs("server")},
           {.name = "migrate",
            .about = "bring the schema up to date",
            .commands = {{.name = "plan", .about = "what's pending", .run = runs("migrate plan")},
                         {.name = "status", .about = "all steps: done or not", .run = runs("migrate status")}},
            .run = runs("migrate")},
           {.name = "ca",
            .about = "make certificates",
            .commands =
                {{.name = "issue",
                  .about = "make a certificate",
                  .details = "The first name is the common name as well.",
                  .arguments = {{.name = "NAME", .about = "a host", .may_repeat = true}},
                  .options = {{.name = "days", .about = "how long", .kind = Kind::number},
                              {.name = "key", .about = "its type", .kind = Kind::text, .choices = {"p256", "p384"}},
                              {.name = "out", .about = "where to", .kind = Kind::folder},
                              {.name = "tag", .about = "a label", .kind = Kind::text, .may_repeat = true},
                              {.name = "ca", .about = "whose", .kind = Kind::folder, .is_required = true},
                              {.name = "force", .about = "write over what is there"}},
                  .examples = {{.line = "notes ca issue --ca x mcq.example.org", .about = "for a host"}},
                  .run = runs("ca issue")},
                 {.name = "show",
                  .about = "print a certificate",
                  .arguments = {{.name = "FILE", .about = "which", .kind = Kind::file},
                                {.name = "FORM", .about = "how", .choices = {"text", "pem"}, .is_optional = true}},
                  .run = runs("ca show")}}},
           {.name = "tag", .about = "put labels on notes", .takes_words_as_they_are = true, .run = runs("tag")}},
      .exit_codes = {{.code = 0, .about = "done"}, {.code = 64, .about = "the command line is wrong"}},
  };
}

struct ShellOutcome {
  int code;
  std::string output;
};

/// What a command of sh(1) prints to both its outputs.
inline ShellOutcome run_shell(const std::string& command) {
  ShellOutcome outcome{-1, ""};
  // NOLINTNEXTLINE(cert-env33-c): the commands are the tests' own
  std::FILE* pipe = ::popen(("{ " + command + "\n} 2>&1").c_str(), "r");
  if (pipe == nullptr) {
    return outcome;
  }
  std::array<char, 4096> buffer{};
  for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    outcome.output.append(buffer.data(), got);
  }
  const int status = ::pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

inline bool has_program(const std::string& name) {
  return run_shell("command -v " + name + " >/dev/null").code == 0;
}

}  // namespace mcdsl::cli
