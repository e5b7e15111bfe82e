#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/service/run.h"
#include "mcdsl/testing/eventually.h"
#include "mcdsl/testing/temp_dir.h"

/// Runs command lines of a service in the test's own process.
namespace mcdsl::testing {

struct NotesConfig : config::Standard {
  std::int64_t max_notes = 1000;

  void bind(config::Binder& b) {
    Standard::bind(b);
    b.field("max_notes", max_notes, {.doc = "Notes an account may keep.", .min = 1, .max = 5000});
  }
};

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

/// Runs a command line of a service called "notes" in this process.
class RunTest : public ::testing::Test {
 protected:
  template <class Main>
  static Outcome run_with(std::vector<std::string> words, Main main, Program<NotesConfig> program = {.name = "notes"}) {
    program.version = "1.2.3";
    program.about = "keeps notes";
    words.insert(words.begin(), program.name);
    std::vector<char*> argv;
    for (std::string& word : words) {
      argv.push_back(word.data());
    }
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = mcdsl::run<NotesConfig>(program, static_cast<int>(argv.size()), argv.data(), std::move(main));
    return {code, ::testing::internal::GetCapturedStdout(), ::testing::internal::GetCapturedStderr()};
  }

  static Outcome run(std::vector<std::string> words) {
    return run_with(std::move(words), [](Service& service) { service.serve(); });
  }

  // A configuration that listens on a Unix socket of its own.
  std::string configure(const std::string& more = "") {
    return folder_
        .write("notes.toml", "max_notes = 7\n[server]\ntls = \"off\"\nlisten_addr = \"unix:" + socket_.string() +
                                 "\"\nshutdown_timeout = \"5s\"\n" + more)
        .string();
  }

  // Asks with `status` until the service answers.
  static bool becomes_ready(std::string file) {
    std::string name = "notes";
    std::string command = "status";
    std::string option = "--config";
    std::array<char*, 4> argv{name.data(), command.data(), option.data(), file.data()};
    return eventually([&] { return mcdsl::run<NotesConfig>({.name = "notes"}, 4, argv.data(), [](Service&) {}) == 0; });
  }

  TempDir folder_;
  std::filesystem::path socket_ = folder_ / "notes.sock";
};

}  // namespace mcdsl::testing
