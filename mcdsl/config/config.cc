#include "mcdsl/config/config.h"

#include <unistd.h>

namespace mcdsl::config {
namespace {

std::string lines(const std::vector<std::string>& findings) {
  std::string text = "the configuration is not valid:";
  for (const std::string& finding : findings) {
    text.append("\n  ").append(finding);
  }
  return text;
}

}  // namespace

Environment process_environment() {
  Environment environment;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (const std::size_t equals = text.find('='); equals != std::string_view::npos) {
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return environment;
}

Invalid::Invalid(std::vector<std::string> findings)
    : Exception(Code::invalid_argument, lines(findings)), findings_(std::move(findings)) {}

}  // namespace mcdsl::config
