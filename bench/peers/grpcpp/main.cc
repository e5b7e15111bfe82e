// The service that the grpc area measures, as one writes it with grpc++ and its callbacks. Its twin is
// bench/grpc/bench_server.cc: the two answer alike.
#include <array>
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "bench/grpc/bench.grpc.pb.h"
#include "tokens.h"

namespace {

using namespace std::chrono_literals;

struct StoredDocument {
  std::string title;
  std::string url;
  std::string added_by;
  std::vector<std::string> tags;
  std::int64_t words;
  bool read;
  std::string note;
};

const std::map<std::string, StoredDocument, std::less<>>& documents() {
  static const std::map<std::string, StoredDocument, std::less<>> all{
      {"on-trust",
       {"Reflections on Trusting Trust",
        "https://www.example.org/papers/1984/reflections-on-trusting-trust.html",
        "alice",
        {"security", "compilers"},
        3127,
        false,
        "To what extent should one trust a statement?"}}};
  return all;
}

// Of one method.
class Metrics {
 public:
  void count(grpc::StatusCode code, std::chrono::nanoseconds duration) {
    std::size_t bucket = 0;
    while (bucket < kBounds.size() && duration > kBounds[bucket]) {
      ++bucket;
    }
    buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(static_cast<std::uint64_t>(duration.count()), std::memory_order_relaxed);
    codes_[static_cast<std::size_t>(code) % codes_.size()].fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t ok() const { return codes_[grpc::StatusCode::OK].load(); }

 private:
  static constexpr std::array<std::chrono::nanoseconds, 16> kBounds{
      100us, 250us, 500us, 1ms, 2500us, 5ms, 10ms, 25ms, 50ms, 100ms, 250ms, 500ms, 1s, 2500ms, 5s, 10s};
  std::array<std::atomic<std::uint64_t>, 17> codes_{};
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> buckets_{};
  std::atomic<std::uint64_t> sum_{0};
};

class DocumentService final : public mcdsl::bench::DocumentService::CallbackService {
 public:
  DocumentService(TokenCache& tokens, std::FILE* log) : tokens_(tokens), log_(log) {}

  grpc::ServerUnaryReactor* GetDocument(grpc::CallbackServerContext* context,
                                        const mcdsl::bench::GetDocumentRequest* request,
                                        mcdsl::bench::Document* document) override {
    const auto start = std::chrono::steady_clock::now();
    std::shared_ptr<const Caller> caller;
    grpc::Status status = authenticate(*context, caller);
    if (status.ok()) {
      status = find(*request, *document);
    }
    const auto duration = std::chrono::steady_clock::now() - start;
    metrics_.count(status.error_code(), duration);
    write_line(*context, status, caller.get(), duration);
    auto* reactor = context->DefaultReactor();
    reactor->Finish(status);
    return reactor;
  }

  const Metrics& metrics() const { return metrics_; }

 private:
  grpc::Status authenticate(const grpc::CallbackServerContext& context, std::shared_ptr<const Caller>& caller) {
    constexpr std::string_view kBearer = "Bearer ";
    const auto found = context.client_metadata().find("authorization");
    if (found == context.client_metadata().end() || !found->second.starts_with("Bearer ")) {
      return {grpc::StatusCode::UNAUTHENTICATED, "unauthenticated"};
    }
    const std::string_view value(found->second.data(), found->second.size());
    auto [outcome, who] = tokens_.verify(value.substr(kBearer.size()));
    if (outcome == TokenCache::Outcome::unavailable) {
      return {grpc::StatusCode::UNAVAILABLE, "service unavailable"};
    }
    if (outcome == TokenCache::Outcome::refused) {
      return {grpc::StatusCode::UNAUTHENTICATED, "unauthenticated"};
    }
    if (!who->may_read()) {
      return {grpc::StatusCode::PERMISSION_DENIED, "permission denied"};
    }
    caller = std::move(who);
    return grpc::Status::OK;
  }

  static grpc::Status find(const mcdsl::bench::GetDocumentRequest& request, mcdsl::bench::Document& document) {
    const auto found = documents().find(request.slug());
    if (found == documents().end()) {
      return {grpc::StatusCode::NOT_FOUND, "no such document"};
    }
    const auto& [slug, stored] = *found;
    document.set_slug(slug);
    document.set_title(stored.title);
    document.set_url(stored.url);
    document.set_added_by(stored.added_by);
    document.mutable_tags()->Add(stored.tags.begin(), stored.tags.end());
    document.set_words(stored.words);
    document.set_read(stored.read);
    document.set_note(stored.note);
    return grpc::Status::OK;
  }

  // stdio collects the lines into blocks. Nothing in them comes from the client unchecked, so nothing is escaped.
  void write_line(const grpc::CallbackServerContext& context, const grpc::Status& status, const Caller* caller,
                  std::chrono::nanoseconds duration) {
    std::timespec now{};
    std::timespec_get(&now, TIME_UTC);
    std::tm parts{};
    gmtime_r(&now.tv_sec, &parts);
    std::array<char, 32> time{};
    std::strftime(time.data(), time.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    const std::string peer = context.peer();
    std::fprintf(log_,
                 R"({"time":"%s.%09ldZ","level":"INFO","msg":"rpc","method":"%s","code":%d,"duration":%.9f,)"
                 R"("client":"%s","request_id":"%016)" PRIx64 R"(","user":"%s"})"
                 "\n",
                 time.data(), now.tv_nsec, "mcdsl.bench.DocumentService/GetDocument", status.error_code(),
                 std::chrono::duration<double>(duration).count(), peer.c_str(),
                 (call_number_.fetch_add(1, std::memory_order_relaxed) + 1) * 0x9E3779B97F4A7C15U,
                 caller != nullptr ? caller->username.c_str() : "");
  }

  TokenCache& tokens_;
  std::FILE* log_;
  Metrics metrics_;
  std::atomic<std::uint64_t> call_number_{std::random_device()()};
};

std::string contents(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: grpcpp_server CERTIFICATE KEY IDENTITY_URL\n";
    return 2;
  }
  const std::unique_ptr<std::FILE, decltype(&std::fclose)> log(std::fopen("/dev/null", "w"), std::fclose);
  TokenCache tokens(argv[3], argv[1]);
  DocumentService service(tokens, log.get());
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs.push_back({contents(argv[2]), contents(argv[1])});
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) {
    std::cerr << "grpcpp_server: cannot serve\n";
    return 1;
  }
  std::cout << port << std::endl;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());  // until whoever started it closes the pipe, or is gone
  server->Shutdown(std::chrono::system_clock::now() + 1s);
  server->Wait();
  std::cout << service.metrics().ok() << std::endl;
}
