#include "tools/mcdsl/program.h"

#include "mcdsl/cli/program.h"
#include "tools/mcdsl/ca.h"
#include "tools/mcdsl/dev/dev.h"
#include "tools/mcdsl/doctor.h"
#include "tools/mcdsl/new.h"

namespace mcdsl::tool {

cli::Program describe(std::ostream& out, const Clock& clock) {
  return {.name = "mcdsl",
          .version = MCDSL_VERSION,
          .about = "what whoever writes and runs small services needs beside them",
          .commands = {new_command(out, MCDSL_VERSION), dev_command(out, clock), ca_commands(out, clock),
                       doctor_command(out, clock)},
          .exit_codes = {{.code = 0, .about = "done, and nothing was found wrong"},
                         {.code = 1, .about = "it failed, or something was found wrong"},
                         {.code = cli::kUsage, .about = "the command line is wrong"}}};
}

}  // namespace mcdsl::tool
