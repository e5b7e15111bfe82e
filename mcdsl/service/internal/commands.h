#pragma once

#include <iosfwd>
#include <string>

#include "mcdsl/config/standard.h"

namespace mcdsl::internal {

/// The database of a service that has one. Throws Exception (failed_precondition) where `database.path` is empty.
[[nodiscard]] const config::Database& require_database(const config::Standard& config);

/// `init`: makes the folder of a service, with its certs/ and backups/ (mode 0700) and an example configuration; what
/// is there stays. `config_file` says where; empty for /srv/<name>/<name>.toml. Returns the exit code, as all of these.
int make_folder(const std::string& name, const std::string& config_file, const std::string& example, std::ostream& out);

/// `status`: asks the service that runs with this configuration for /v1/health and prints the answer.
int print_status(const config::Standard& config, std::ostream& out);

/// `snapshot`: copies the database, while the service runs or not, and prints the path of the copy.
int print_snapshot(const config::Standard& config, const std::string& path, std::ostream& out);

}  // namespace mcdsl::internal
