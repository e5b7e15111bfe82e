// The service that the http area measures. Its twin in Go is bench/peers/go/http/main.go: the two answer alike.
#include <chrono>
#include <cstdint>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <ranges>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>

#include "mcdsl/auth/authenticator.h"
#include "mcdsl/base/log.h"
#include "mcdsl/base/log_buffer.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/db/database.h"
#include "mcdsl/http/router.h"
#include "mcdsl/httpserver/authenticate.h"
#include "mcdsl/httpserver/server.h"
#include "mcdsl/json/writer.h"

namespace {

using namespace mcdsl;

struct Document {
  std::string slug;
  std::string title;
  std::string url;
  std::string added_by;
  std::vector<std::string> tags;
  std::int64_t words = 0;
  bool read = false;
};

using Documents = std::map<std::string, Document, std::less<>>;

Documents make_documents() {
  return {{"on-trust",
           {.slug = "on-trust",
            .title = "Reflections on Trusting Trust",
            .url = "https://www.example.org/papers/1984/reflections-on-trusting-trust.html",
            .added_by = "alice",
            .tags = {"security", "compilers"},
            .words = 3127,
            .read = false}}};
}

std::string to_json(const Document& document) {
  json::Writer out;
  out.begin_object()
      .field("slug", document.slug)
      .field("title", document.title)
      .field("url", document.url)
      .field("added_by", document.added_by)
      .key("tags")
      .begin_array();
  for (const std::string& tag : document.tags) {
    out.value(tag);
  }
  out.end_array().field("words", document.words).field("read", document.read).end_object();
  return std::move(out).take();
}

Result<http::Response> find_document(const Documents& documents, const http::Request& request) {
  const auto found = documents.find(request.param("slug"));
  if (found == documents.end()) {
    return fail(Code::not_found, "no such document");
  }
  return http::json(to_json(found->second));
}

// --- the same from SQLite

constexpr db::Migration kDocuments{
    .version = 1,
    .name = "documents",
    .sql =
        "CREATE TABLE documents (slug TEXT PRIMARY KEY, title TEXT NOT NULL, url TEXT NOT NULL, "
        "added_by TEXT NOT NULL, tags TEXT NOT NULL, words INTEGER NOT NULL, read INTEGER NOT NULL) STRICT"};

struct Row {
  Document document;

  void bind(db::Row& row) {
    std::string tags;
    row.into(document.slug, document.title, document.url, document.added_by, tags, document.words, document.read);
    for (const auto tag : std::views::split(tags, ',')) {
      document.tags.emplace_back(tag.begin(), tag.end());
    }
  }
};

db::Database make_database(const std::string& path, const Documents& documents) {
  auto database = db::Database::open({.path = path});
  database.migrate({&kDocuments, 1});
  for (const auto& [slug, document] : documents) {
    value_or_throw(database.write([&](db::WriteTransaction& transaction) {
      return transaction.execute("INSERT OR IGNORE INTO documents VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", slug,
                                 document.title, document.url, document.added_by,
                                 document.tags[0] + "," + document.tags[1], document.words, document.read);
    }));
  }
  return database;
}

Result<http::Response> find_stored(const db::Database& database, const http::Request& request) {
  const auto row = database.read([&](db::ReadTransaction& transaction) {
    return transaction.query_one<Row>(
        "SELECT slug, title, url, added_by, tags, words, read FROM documents WHERE slug = ?1", request.param("slug"));
  });
  if (!row) {
    return fail(Code::not_found, "no such document");
  }
  return http::json(to_json(row->document));
}

http::Response block() {
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  return http::text("done\n");
}

http::Router make_router(const Documents& documents, const db::Database& database,
                         const auth::TokenVerifier& verifier) {
  http::Router router;
  router.get("/v1/health", [] { return http::json(R"({"status":"ok"})"); });
  router.group([&](http::Router& routes) {
    routes.use(httpserver::require(verifier, auth::Access::user()));
    routes.get("/v1/documents/{slug}",
               [&documents](const http::Request& request) { return find_document(documents, request); });
    routes.get("/v1/stored/{slug}",
               [&database](const http::Request& request) { return find_stored(database, request); });
    routes.get("/v1/slow", block);
  });
  return router;
}

void serve(const std::string& certificate, const std::string& key, const std::string& identity_url,
           const std::string& database_path) {
  const UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  // Behind the buffer that every service has: a line costs no system call.
  const log::Logger logger(std::make_shared<log::BufferedSink>(std::make_shared<log::FdSink>(null.get())),
                           log::Format::json);
  const auth::Authenticator authenticator({.server_url = identity_url, .ca_cert = certificate, .service_name = "bench"},
                                          {.logger = logger});
  const Documents documents = make_documents();
  const db::Database database = make_database(database_path, documents);
  const http::Router router = make_router(documents, database, authenticator);
  httpserver::Server server(
      {.listen_addr = "127.0.0.1:0", .tls_cert = certificate, .tls_key = key, .max_connections = 100'000}, router,
      logger);
  server.start();
  std::cout << server.address().port << "\n" << std::flush;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());  // until whoever started it closes the pipe, or is gone
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: http_bench_server CERTIFICATE KEY IDENTITY_URL DATABASE\n";
    return 2;
  }
  try {
    serve(argv[1], argv[2], argv[3], argv[4]);
  } catch (const std::exception& problem) {
    std::cerr << "http_bench_server: " << problem.what() << '\n';
    return 1;
  }
}
