#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "mcdsl/cli/program.h"
#include "mcdsl/testing/temp_dir.h"
#include "tools/mcdsl/program.h"

namespace mcdsl::tool {
namespace {

using ::testing::HasSubstr;

struct Outcome {
  int code;
  std::string text;
};

Outcome run(const std::vector<std::string>& words) {
  std::ostringstream out;
  try {
    const int code = cli::run(describe({.out = out, .err = out}), words, out, out);
    return {code, out.str()};
  } catch (const Exception& problem) {
    return {1, problem.what()};
  }
}

TEST(DoctorCommand, FindsTheConfigurationOfTheFolder) {
  const testing::TempDir folder;
  const auto service = folder / "notes";
  std::filesystem::create_directory(service);
  EXPECT_THAT(run({"doctor", service.string()}).text, HasSubstr("holds no configuration"));
  const std::string text = "max_notes = 5\n[server]\ntls = \"off\"\nlisten_addr = \"127.0.0.1:0\"\n";
  write_file_atomically(service / "other.toml", text, 0600);
  const Outcome well = run({"doctor", service.string()});
  EXPECT_EQ(well.code, 0) << well.text;
  EXPECT_EQ(well.text, "nothing was found wrong\n");
  write_file_atomically(service / "third.toml", text, 0600);
  EXPECT_THAT(run({"doctor", service.string()}).text, HasSubstr("several configurations"));
  write_file_atomically(service / "notes.toml", text, 0644);
  const Outcome found = run({"doctor", service.string()});
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.text, HasSubstr("warning files: " + (service / "notes.toml").string()));
  EXPECT_EQ(run({"doctor", (service / "other.toml").string()}).code, 0);
  EXPECT_THAT(run({"doctor", "--json", service.string()}).text, HasSubstr(R"("severity":"warning")"));
  EXPECT_THAT(run({"doctor", "/nowhere"}).text, HasSubstr("is no folder of a service"));
}

}  // namespace
}  // namespace mcdsl::tool
