#include "tools/mcdsl/program.h"

#include "mcdsl/cli/program.h"
#include "tools/mcdsl/ca.h"
#include "tools/mcdsl/dev/dev.h"
#include "tools/mcdsl/doctor.h"
#include "tools/mcdsl/new.h"

namespace mcdsl::tool {

cli::Program describe(const archivecli::Surroundings& with) {
  return {
      .name = "mcdsl",
      .version = MCDSL_VERSION,
      .about = "what whoever writes and runs small services needs beside them",
      .commands = {new_command(with.out, MCDSL_VERSION), dev_command(with.out, with.clock),
                   archivecli::archive_command(with), ca_commands(with.out, with.clock),
                   doctor_command(with.out, with.clock)},
      .exit_codes = {{.code = 0, .about = "done, and nothing was found wrong"},
                     {.code = 1, .about = "it failed, or something was found wrong"},
                     {.code = archivecli::kWithProblems, .about = "an archive is made, but files changed meanwhile"},
                     {.code = cli::kUsage, .about = "the command line is wrong"}}};
}

}  // namespace mcdsl::tool
