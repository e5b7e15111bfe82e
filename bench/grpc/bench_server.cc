// The service that the grpc area measures. Its twins are bench/peers/go/grpc and bench/peers/grpcpp: the three answer
// alike.
#include <cstdint>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>

#include "bench/grpc/bench.pb.h"
#include "mcdsl/auth/authenticator.h"
#include "mcdsl/base/log.h"
#include "mcdsl/base/log_buffer.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/grpcserver/dispatcher.h"
#include "mcdsl/grpcserver/stream.h"
#include "mcdsl/http/router.h"
#include "mcdsl/httpserver/server.h"
#include "mcdsl/metrics/registry.h"

namespace {

using namespace mcdsl;

struct StoredDocument {
  std::string title;
  std::string url;
  std::string added_by;
  std::vector<std::string> tags;
  std::int64_t words = 0;
  bool read = false;
  std::string note;
};

using Documents = std::map<std::string, StoredDocument, std::less<>>;

Documents make_documents() {
  return {{"on-trust",
           {.title = "Reflections on Trusting Trust",
            .url = "https://www.example.org/papers/1984/reflections-on-trusting-trust.html",
            .added_by = "alice",
            .tags = {"security", "compilers"},
            .words = 3127,
            .read = false,
            .note = "To what extent should one trust a statement?"}}};
}

class DocumentService final : public grpcserver::ServiceBase {
 public:
  explicit DocumentService(const Documents& documents) : documents_(documents) {}

  std::vector<grpcserver::Method> methods() override {
    const auto& service = *bench::Document::descriptor()->file()->FindServiceByName("DocumentService");
    return {grpcserver::unary(service.FindMethodByName("GetDocument"), *this, &DocumentService::get_document),
            grpcserver::server_stream(service.FindMethodByName("Export"), *this, &DocumentService::export_chunks)};
  }

 private:
  Result<bench::Document> get_document(const grpcserver::Context& /*context*/,
                                       const bench::GetDocumentRequest& request) {
    const auto found = documents_.find(request.slug());
    if (found == documents_.end()) {
      return fail_visible(Code::not_found, "no such document");
    }
    const auto& [slug, stored] = *found;
    bench::Document document;
    document.set_slug(slug);
    document.set_title(stored.title);
    document.set_url(stored.url);
    document.set_added_by(stored.added_by);
    document.mutable_tags()->Add(stored.tags.begin(), stored.tags.end());
    document.set_words(stored.words);
    document.set_read(stored.read);
    document.set_note(stored.note);
    return document;
  }

  Result<void> export_chunks(const grpcserver::Context& /*context*/, const bench::ExportRequest& request,
                             grpcserver::Writer<bench::Chunk>& writer) {
    bench::Chunk chunk;
    chunk.set_data(std::string(request.chunk_bytes(), 'x'));
    for (std::uint32_t i = 0; i < request.chunks(); ++i) {
      if (auto written = writer.write(chunk); !written) {
        return written;
      }
    }
    return {};
  }

  const Documents& documents_;
};

void serve(const std::string& certificate, const std::string& key, const std::string& identity_url) {
  const UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  // Behind the buffer that every service has: a line costs no system call.
  const log::Logger logger(std::make_shared<log::BufferedSink>(std::make_shared<log::FdSink>(null.get())),
                           log::Format::json);
  const auth::Authenticator authenticator({.server_url = identity_url, .ca_cert = certificate, .service_name = "bench"},
                                          {.logger = logger});
  metrics::Registry registry;
  const Documents documents = make_documents();
  DocumentService service(documents);
  const grpcserver::Dispatcher dispatcher({&service},
                                          {.verifier = &authenticator,
                                           .access = {{"mcdsl.bench.DocumentService", auth::Access::user()}},
                                           .logger = logger,
                                           .registry = &registry});
  const http::Router nothing_else;
  httpserver::Server server({.listen_addr = "127.0.0.1:0", .tls_cert = certificate, .tls_key = key}, nothing_else,
                            logger, system_clock(), &registry, {}, &dispatcher);
  server.start();
  std::cout << server.address().port << "\n" << std::flush;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());  // until whoever started it closes the pipe, or is gone
  server.stop();
  server.wait();
  const auto& answered = registry.counter("rpc_calls_total", "Calls that have ended.",
                                          {{"code", "ok"}, {"method", "mcdsl.bench.DocumentService/GetDocument"}});
  std::cout << answered.value() << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: grpc_bench_server CERTIFICATE KEY IDENTITY_URL\n";
    return 2;
  }
  try {
    serve(argv[1], argv[2], argv[3]);
  } catch (const std::exception& problem) {
    std::cerr << "grpc_bench_server: " << problem.what() << '\n';
    return 1;
  }
}
