#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mcdsl::tool {

/// A value of a service's configuration.
struct Setting {
  std::string section;  ///< "server"
  std::string key;      ///< "listen_addr"
  std::string value;
  bool is_text = true;   ///< not a number or a boolean
  bool is_list = false;  ///< of this one text
};

/// The settings as a configuration file. Those of a section stand together.
[[nodiscard]] std::string to_toml(const std::vector<Setting>& settings);

/// What environment variables of a program begin with: "MY_NOTES" of "my-notes".
[[nodiscard]] std::string environment_prefix(std::string_view program);

/// The settings as environment variables of a program: "MY_NOTES_SERVER_LISTEN_ADDR=127.0.0.1:8443".
[[nodiscard]] std::vector<std::string> to_environment(const std::vector<Setting>& settings, std::string_view program);

/// Our own environment for a program that we start: without what its manager (systemd) told us alone, and without $PORT
/// and its like, which would win over every setting; those of `variables` win over what is there.
[[nodiscard]] std::vector<std::string> environment_with(const std::vector<std::string>& variables);

}  // namespace mcdsl::tool
