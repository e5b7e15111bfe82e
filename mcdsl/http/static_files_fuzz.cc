// Asks for the input as a path below a real folder, with and without a router before the handler: whatever it says, the
// answer is one of the public files or nothing.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "mcdsl/http/internal/beneath.h"
#include "mcdsl/http/router.h"
#include "mcdsl/http/static_files.h"
#include "mcdsl/testing/temp_dir.h"

namespace {

using mcdsl::http::Method;
using mcdsl::http::Request;
using mcdsl::http::Response;

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

constexpr std::array<std::string_view, 5> kPublic{"index.html", "a/b.txt", "a/index.html", "a/b/c", "%41"};

struct Site {
  Site() {
    for (const std::string_view name : kPublic) {
      folder.write("site/" + std::string(name), "public:" + std::string(name));
    }
    for (const std::string_view name : {"secret", "site/.h", "site/a/.h", "site/.a/b"}) {
      folder.write(name, "secret");
    }
    std::filesystem::create_symlink("../secret", folder / "site/o");
    std::filesystem::create_symlink("..", folder / "site/d");
    std::filesystem::create_symlink("a/b.txt", folder / "site/i");
  }

  mcdsl::testing::TempDir folder;
};

struct Program {
  Program() : files({.root = site.folder / "site"}) { router.get("/*", files); }

  Site site;
  mcdsl::http::StaticFiles files;
  mcdsl::http::Router router;
};

void check(const Response& response) {
  if (response.status != 200) {
    require(!response.file && (response.status == 404 || response.status == 400 || response.status == 301));
    require(response.status != 301 || response.headers.get("location").value().starts_with("./"));
    return;
  }
  std::string bytes(response.file->length, '\0');
  require(::pread(response.file->fd->get(), bytes.data(), bytes.size(), 0) == std::ssize(bytes));
  require(bytes.starts_with("public:"));
}

void check_path(std::string_view text) {
  const auto path = mcdsl::http::internal::path_below(text);
  if (path) {
    const std::string around = "/" + *path;
    require(!around.contains("/.") && !around.contains("//") && !path->contains('\0') && !path->contains('\\'));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Program program;
  const std::string target = "/" + std::string(reinterpret_cast<const char*>(data), size);
  check_path(target.substr(1));
  Request request;
  request.start(Method::get, target);
  request.set_route("/*");
  check(program.files(request));
  request.start(Method::get, target);
  program.router.plan(request);
  check(program.router.serve(request));
  return 0;
}
