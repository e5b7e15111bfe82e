// A service for tests that need one in a process of its own: to see what it holds, and to end it as systemd does.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "mcdsl/service/run.h"

namespace {

using namespace mcdsl;
using namespace std::chrono_literals;

constexpr std::int64_t kGibibyte = std::int64_t{1} << 30;

// The length that a request asks for.
std::uint64_t length_in(const http::Request& request) {
  return static_cast<std::uint64_t>(value_or_throw(request.query_number("bytes", 0, 0, kGibibyte)));
}

// As large as any answer, and none of it on the disk.
std::shared_ptr<const UniqueFd> make_file() {
  auto file = std::make_shared<const UniqueFd>(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (::ftruncate(file->get(), kGibibyte) != 0) {
    throw Exception(Code::unavailable, "no room for a file without blocks");
  }
  return file;
}

http::Response write_stream(const http::Request& request) {
  http::Response response = http::stream(
      "application/octet-stream", [left = length_in(request)](http::BodyWriter& writer) mutable -> Result<void> {
        const std::string piece(std::size_t{64} << 10U, 's');
        while (left > 0) {
          const auto size = std::min<std::uint64_t>(left, piece.size());
          if (auto written = writer.write(std::string_view(piece).substr(0, size)); !written) {
            return written;
          }
          left -= size;
        }
        return {};
      });
  response.stream->length = length_in(request);
  return response;
}

Result<http::Response> count_upload(http::Request& request) {
  std::array<char, std::size_t{64} << 10U> buffer{};
  std::uint64_t all = 0;
  for (;;) {
    const auto count = request.read_body(buffer);
    if (!count) {
      return std::unexpected(count.error());
    }
    if (*count == 0) {
      return http::text(std::to_string(all));
    }
    all += *count;
  }
}

void serve(Service& service) {
  std::atomic<int> begun{0};
  http::Router& router = service.router();
  router.get("/hello", [] { return http::text("hello"); });
  router.get("/begun", [&] { return http::text(std::to_string(begun)); });
  router.get("/slow", [&] {
    ++begun;
    std::this_thread::sleep_for(200ms);  // the work of the handler, not a wait of a test
    return http::text("done");
  });
  router.get("/stream", write_stream);
  router.get("/file", [file = make_file()](const http::Request& request) {
    http::Response response;
    response.file = http::FileBody{.fd = file, .offset = 0, .length = length_in(request)};
    return response;
  });
  router.post("/upload", count_upload, {.max_body_bytes = std::size_t{kGibibyte}, .stream_body = true});
  service.serve();
}

}  // namespace

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // not left over by a test that crashed
  return run({.name = "child"}, argc, argv, serve);
}
