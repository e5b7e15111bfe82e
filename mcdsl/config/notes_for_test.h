#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/secret.h"
#include "mcdsl/config/config.h"
#include "mcdsl/testing/temp_dir.h"

/// A service's configuration with a field of every type, and what the tests do with it.
namespace mcdsl::config::testing {

enum class Color : std::uint8_t { red, green };

struct Limits {
  std::int64_t burst = 10;

  void bind(Binder& b) { b.field("burst", burst, {.doc = "Requests at once.", .min = 1, .max = 100}); }
};

struct Policy {
  std::string name = {};
  std::vector<std::string> roles = {};
  Secret token = {};
  Limits limits = {};

  void bind(Binder& b) {
    b.field("name", name, {.doc = "Its name."});
    b.field("roles", roles, {.doc = "Who has it."});
    b.field("token", token, {.doc = "Its token."});
    b.section("limits", limits, "How much.");
    b.require("name");
    b.check([this](const Refuse& refuse) {
      if (name == "root") {
        refuse("name", "is reserved");
      }
    });
  }
};

struct Store {
  std::filesystem::path folder = "/srv/notes";
  Secret key = {};
  Limits limits = {};

  void bind(Binder& b) {
    b.field("folder", folder, {.doc = "Where notes are kept."});
    b.field("key", key, {.doc = "Encrypts them | both ways."});
    b.section("limits", limits, "How much.");
  }
};

struct Notes {
  bool archive = false;
  std::int64_t max_notes = 1000;
  std::uint16_t workers = 4;
  double ratio = 0.5;
  std::chrono::nanoseconds keep = std::chrono::hours(24);
  std::string title = "Notes";
  std::string upstream = {};
  std::string home = {};
  std::vector<std::string> tags = {"a", "b"};
  std::vector<std::string> peers = {};
  Color color = Color::red;
  std::string listen_addr = "127.0.0.1:8080";
  std::string extra_addr = {};
  std::string other_addr = {};
  Store store = {};
  std::vector<Policy> policies = {};

  void bind(Binder& b) {
    b.field("archive", archive, {.doc = "Whether old notes are kept."});
    b.field("max_notes", max_notes, {.doc = "Notes an account may keep.", .min = 1, .max = 5000});
    b.field("workers", workers, {.doc = "Workers."});
    b.field("ratio", ratio, {.doc = "A share.", .min = 0.0, .max = 1.0});
    b.field("keep", keep, {.doc = "How long.", .min = std::chrono::seconds(1)});
    b.field("title", title, {.doc = "The title."});
    b.field("upstream", upstream, {.doc = "A peer.", .format = Format::host_port});
    b.field("home", home, {.doc = "The home page.", .format = Format::url});
    b.field("tags", tags, {.doc = "Tags."});
    b.field("peers", peers, {.doc = "Peers.", .format = Format::cidr});
    b.choice("color", color, {{"red", Color::red}, {"green", Color::green}}, {.doc = "The color."});
    b.listen_address("listen_addr", listen_addr, {.doc = "Where.", .port_variable = "PORT"});
    b.listen_address("extra_addr", extra_addr,
                     {.doc = "Where else.", .port_variable = "PORT_EXTRA", .host_like = "listen_addr"});
    b.listen_address("other_addr", other_addr, {.doc = "And where else.", .port_variable = "PORT_OTHER"});
    b.section("store", store, "The store.");
    b.tables("policies", policies, "Who may do what.");
  }
};

/// A configuration file in a folder of its own.
class File {
 public:
  explicit File(std::string_view text) : path_(folder_.write("notes.toml", text)) {}

  [[nodiscard]] Source source(Environment environment = {}) const {
    return {.file = path_, .env_prefix = "NOTES", .environment = std::move(environment)};
  }
  [[nodiscard]] const ::mcdsl::testing::TempDir& folder() const noexcept { return folder_; }

  /// The text with the folder taken out of the file's name.
  [[nodiscard]] std::string relative(std::string text) const {
    const std::string folder = folder_.path().string() + "/";
    for (std::size_t at = text.find(folder); at != std::string::npos; at = text.find(folder)) {
      text.erase(at, folder.size());
    }
    return text;
  }

 private:
  ::mcdsl::testing::TempDir folder_;
  std::filesystem::path path_;
};

template <class T = Notes>
Loaded<T> load_text(std::string_view text, Environment environment = {}) {
  return load<T>(File(text).source(std::move(environment)));
}

/// The findings about a file of this text.
template <class T = Notes>
std::vector<std::string> findings_of(std::string_view text, Environment environment = {}) {
  const File file(text);
  std::vector<std::string> findings = check<T>(file.source(std::move(environment)));
  for (std::string& finding : findings) {
    finding = file.relative(std::move(finding));
  }
  return findings;
}

/// Without a file.
template <class T = Notes>
Loaded<T> load_environment(const Environment& environment) {
  return load<T>({.env_prefix = "NOTES", .environment = environment});
}

}  // namespace mcdsl::config::testing
