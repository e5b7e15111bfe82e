#include "tools/mcdsl/program.h"

#include "mcdsl/archivecli/commands.h"
#include "mcdsl/cli/program.h"
#include "tools/mcdsl/ca.h"
#include "tools/mcdsl/dev/dev.h"
#include "tools/mcdsl/doctor.h"
#include "tools/mcdsl/new.h"

namespace mcdsl::tool {

cli::Program describe(std::ostream& out, std::ostream& err, bool err_is_terminal, const Clock& clock) {
  return {
      .name = "mcdsl",
      .version = MCDSL_VERSION,
      .about = "what whoever writes and runs small services needs beside them",
      .commands = {new_command(out, MCDSL_VERSION), dev_command(out, clock),
                   archivecli::archive_command(
                       {.out = out, .err = err, .is_terminal = err_is_terminal, .clock = clock}),
                   ca_commands(out, clock), doctor_command(out, clock)},
      .exit_codes = {{.code = 0, .about = "done, and nothing was found wrong"},
                     {.code = 1, .about = "it failed, or something was found wrong"},
                     {.code = archivecli::kWithProblems, .about = "an archive is made, but files changed meanwhile"},
                     {.code = cli::kUsage, .about = "the command line is wrong"}}};
}

}  // namespace mcdsl::tool
