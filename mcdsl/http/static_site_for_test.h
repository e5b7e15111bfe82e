#pragma once

#include <chrono>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "mcdsl/http/router.h"
#include "mcdsl/http/static_files.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::http {

/// The bytes that a response would send, whatever holds them.
inline std::string bytes_of(const Response& response) {
  if (!response.file) {
    return response.body;
  }
  std::string bytes(response.file->length, '\0');
  const auto got =
      ::pread(response.file->fd->get(), bytes.data(), bytes.size(), static_cast<off_t>(response.file->offset));
  bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return bytes;
}

/// A folder "site" whose files are public, beside one that is not.
class StaticSite {
 public:
  explicit StaticSite(StaticFilesOptions options = {}) : options_(std::move(options)) {
    folder_.write("secret.txt", "secret");
    write("index.html", "<p>home");
    write("docs/index.html", "<p>docs");
    write("docs/page.txt", "page");
    write("empty/file.bin", "");
    write(".hidden", "secret");
    write(".git/config", "secret");
    write("docs/.hidden", "secret");
  }

  /// Writes a file below the public folder, an hour old.
  void write(std::string_view name, std::string_view bytes) const {
    const auto file = folder_.write("site/" + std::string(name), bytes);
    std::filesystem::last_write_time(file, std::chrono::file_clock::from_sys(clock_.now() - std::chrono::hours(1)));
  }

  [[nodiscard]] std::filesystem::path root() const { return folder_ / "site"; }
  [[nodiscard]] std::filesystem::path path(std::string_view name) const { return root() / name; }
  [[nodiscard]] const testing::ManualClock& clock() const { return clock_; }

  [[nodiscard]] StaticFiles files() const {
    StaticFilesOptions options = options_;
    options.root = root();
    return StaticFiles(std::move(options), clock_);
  }

  /// The answer to a request for "/static/" and what follows, through a router; `fields` as "name: value".
  [[nodiscard]] Response get(std::string_view rest, std::initializer_list<Headers::Field> fields = {},
                             Method method = Method::get) const {
    Router router;
    router.get("/static/*", files());
    Request request;
    request.start(method, "/static/" + std::string(rest));
    for (const auto& [name, value] : fields) {
      request.mutable_headers().add(name, value);
    }
    router.plan(request);
    return router.serve(request);
  }

  /// The same without a router to judge the path before.
  [[nodiscard]] static Response ask(const StaticFiles& files, std::string_view rest) {
    Request request;
    request.start(Method::get, "/static/" + std::string(rest));
    request.set_route("/static/*");
    return files(request);
  }

 private:
  StaticFilesOptions options_;
  testing::ManualClock clock_;
  testing::TempDir folder_;
};

}  // namespace mcdsl::http
