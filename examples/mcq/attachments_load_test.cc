// Attachments under load: many at once, and one that is large.
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "api_fixture_test.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/httpserver/server.h"
#include "mcdsl/testing/http_client.h"

namespace mcq {
namespace {

using mcdsl::crypto::Sha256Stream;
using mcdsl::crypto::to_hex;
using mcdsl::testing::HttpClient;

constexpr std::size_t kKiB = std::size_t{1} << 10U;
constexpr std::size_t kMiB = std::size_t{1} << 20U;

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MCQ_IS_SANITIZED
#endif
#endif
#ifdef MCQ_IS_SANITIZED
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif

std::chrono::seconds load_time() {
  const char* seconds = std::getenv("MCDSL_LOAD_SECONDS");  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return std::chrono::seconds(seconds != nullptr ? std::atoi(seconds) : kIsSanitized ? 10 : 60);
}

// The resident memory of this process, in bytes: now, and the most since `forget_peak` (proc(5)).
std::size_t memory(std::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) {
      return std::strtoull(line.c_str() + field.size(), nullptr, 10) * kKiB;
    }
  }
  return 0;
}
std::size_t resident() {
  return memory("VmRSS:");
}
std::size_t peak() {
  return memory("VmHWM:");
}
void forget_peak() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

// Bytes that look random and are the same in every run.
std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::mt19937_64 random(4);
  for (std::size_t i = 0; i < size; i += sizeof(std::uint64_t)) {
    const std::uint64_t word = random();
    for (std::size_t j = i; j < std::min(i + sizeof word, size); ++j) {
      bytes[j] = static_cast<char>(word >> (8U * (j - i)));
    }
  }
  return bytes;
}

// An answer whose body was digested and not kept.
struct Digested {
  int status = 0;  // 0: it did not come whole
  std::string head;
  std::uint64_t size = 0;
  std::string sha256;
};

Digested digest_answer(HttpClient& client) {
  Digested answer;
  std::string bytes;
  std::size_t end = 0;
  while ((end = bytes.find("\r\n\r\n")) == std::string::npos) {
    const std::string more = client.receive_bytes(1);
    if (more.empty()) {
      return answer;
    }
    bytes += more;
  }
  answer.head = bytes.substr(0, end + 2);
  bytes.erase(0, end + 4);
  constexpr std::string_view kLength = "content-length: ";
  const auto length_at = answer.head.find(kLength);
  const std::uint64_t length =
      length_at == std::string::npos ? 0 : std::strtoull(answer.head.c_str() + length_at + kLength.size(), nullptr, 10);
  Sha256Stream digest;
  for (;;) {
    digest.update(bytes);
    answer.size += bytes.size();
    if (answer.size >= length) {
      break;
    }
    bytes = client.receive_bytes(1);
    if (bytes.empty()) {
      return answer;
    }
  }
  answer.sha256 = to_hex(digest.finish());
  answer.status = std::atoi(answer.head.c_str() + std::string_view("HTTP/1.1 ").size());
  return answer;
}

class AttachmentsUnderLoad : public ApiTest {
 protected:
  explicit AttachmentsUnderLoad(std::size_t max_attachment = AttachmentOptions().max_bytes) : ApiTest(max_attachment) {
    server_.start();
  }

  [[nodiscard]] HttpClient connect() const { return {"127.0.0.1", server_.address().port}; }

  [[nodiscard]] std::string head(const std::string& method, const std::string& path, std::size_t length = 0) const {
    std::string text = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token_ + "\r\n";
    if (method != "GET") {
      text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(length) + "\r\n";
    }
    return text + "\r\n";
  }

  static std::string path(const std::string& slug, const std::string& name) {
    return "/v1/documents/" + slug + "/attachments/" + name;
  }

  std::string token_{mcias_.issue_token("alice").reveal()};
  mcdsl::httpserver::Server server_{{.listen_addr = "127.0.0.1:0", .tls = mcdsl::config::Tls::off},
                                    service_.application()};
};

// What the answers were: everything that no rule foresees, by what was asked.
class Tally {
 public:
  void count(const std::string& what, int status, bool is_right) {
    const std::scoped_lock lock(mutex_);
    ++answers_[what + " " + std::to_string(status)];
    server_errors_ += status >= 500 ? 1 : 0;
    if (!is_right) {
      ++wrong_[what + " " + std::to_string(status)];
    }
  }
  void add_bytes(std::uint64_t count) { bytes_ += count; }

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] int server_errors() const { return server_errors_; }
  [[nodiscard]] const std::map<std::string, int>& answers() const { return answers_; }
  [[nodiscard]] const std::map<std::string, int>& wrong() const { return wrong_; }

 private:
  std::mutex mutex_;
  std::map<std::string, int> answers_;
  std::map<std::string, int> wrong_;
  int server_errors_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
};

constexpr int kUploaders = 64;
constexpr int kDocuments = 8;
constexpr int kNames = 2;  // of each uploader: so what is stored stays bounded

class ManyAttachments : public AttachmentsUnderLoad {
 protected:
  static std::string slug_of(int uploader) { return "doc-" + std::to_string(uploader % kDocuments); }
  static std::string path_of(int uploader, int name) {
    return path(slug_of(uploader), std::to_string(uploader) + "-" + std::to_string(name));
  }

  [[nodiscard]] bool go_on() const { return std::chrono::steady_clock::now() < end_; }

  // From 1 KiB to 64 MiB, each doubling as likely as the next.
  static std::size_t random_size(std::mt19937_64& random) {
    std::uniform_real_distribution<double> exponent(10, 26);
    return static_cast<std::size_t>(std::exp2(exponent(random)));
  }

  void upload(int uploader) {
    std::mt19937_64 random(static_cast<std::uint64_t>(uploader));
    HttpClient client = connect();
    std::array<std::string, kNames> stored;  // digests; empty: nothing is there
    while (go_on()) {
      const int name = static_cast<int>(random() % kNames);
      const std::string target = path_of(uploader, name);
      std::string& expected = stored.at(static_cast<std::size_t>(name));
      switch (random() % 8) {
        case 0: {
          const auto answer = client.exchange(head("DELETE", target));
          tally_.count("delete", answer ? answer->status : 0,
                       answer && answer->status == (expected.empty() ? 404 : 204));
          expected.clear();
          break;
        }
        case 1:
        case 2:
          client.send(head("GET", target));
          check_stored(client, expected);
          break;
        default: {
          const auto body = std::string_view(noise_).substr(random() % kMiB, random_size(random));
          const int wanted = expected.empty() ? 201 : 200;
          expected = to_hex(mcdsl::crypto::sha256(body));
          client.send(head("PUT", target, body.size()));
          client.send(body);
          const auto answer = client.receive();
          tally_.count("put", answer ? answer->status : 0,
                       answer && answer->status == wanted && answer->body.contains(expected));
          tally_.add_bytes(body.size());
        }
      }
    }
    const std::scoped_lock lock(mutex_);
    for (int name = 0; name < kNames; ++name) {
      stored_[path_of(uploader, name)] = stored.at(static_cast<std::size_t>(name));
    }
  }

  void check_stored(HttpClient& client, const std::string& expected) {
    const Digested got = digest_answer(client);
    tally_.count("get", got.status, expected.empty() ? got.status == 404 : got.status == 200 && got.sha256 == expected);
    tally_.add_bytes(got.size);
  }

  // Reads what others replace and delete meanwhile: a file and its ETag belong together whenever it is read.
  void read(int seed) {
    std::mt19937_64 random(static_cast<std::uint64_t>(1000 + seed));
    HttpClient client = connect();
    while (go_on()) {
      const int uploader = static_cast<int>(random() % kUploaders);
      for (const std::string& target : {std::string("/v1/documents"), "/v1/documents/" + slug_of(uploader),
                                        "/v1/documents/" + slug_of(uploader) + "/attachments"}) {
        const auto answer = client.exchange(head("GET", target));
        tally_.count("read", answer ? answer->status : 0, answer && answer->status == 200);
      }
      client.send(head("GET", path_of(uploader, static_cast<int>(random() % kNames))));
      const Digested got = digest_answer(client);
      tally_.count("get of another's", got.status,
                   got.status == 404 || (got.status == 200 && got.head.contains("etag: \"" + got.sha256 + "\"")));
      tally_.add_bytes(got.size);
    }
  }

  void write_metadata(int seed) {
    std::mt19937_64 random(static_cast<std::uint64_t>(2000 + seed));
    HttpClient client = connect();
    const std::string body = R"({"title":"A title","body":"# A body"})";
    while (go_on()) {
      const std::string target = "/v1/documents/" + slug_of(static_cast<int>(random() % kDocuments));
      const auto pushed = client.exchange(head("PUT", target, body.size()) + body);
      tally_.count("push", pushed ? pushed->status : 0, pushed && pushed->status == 200);
      const auto marked = client.exchange(head("POST", target + "/read"));
      tally_.count("mark", marked ? marked->status : 0, marked && marked->status == 204);
    }
  }

  [[nodiscard]] std::int64_t count(std::string_view sql) const {
    return database_.read(
        [&](mcdsl::db::ReadTransaction& transaction) { return *transaction.query_one<std::int64_t>(sql); });
  }

  const std::string noise_ = noise(65 * kMiB);
  const std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + load_time();
  Tally tally_;
  std::mutex mutex_;
  std::map<std::string, std::string> stored_;  // digest by path; empty: nothing is there
};

TEST_F(ManyAttachments, AreAllRightWhileManyUploadReplaceReadAndDelete) {
  constexpr std::size_t kBound = 128 * kMiB;
  for (int i = 0; i < kDocuments; ++i) {
    ASSERT_EQ(push("alice", slug_of(i)), 200);
  }
  const std::size_t before = resident();
  forget_peak();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kUploaders; ++i) {
      threads.emplace_back([this, i] { upload(i); });
    }
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([this, i] { read(i); });
      threads.emplace_back([this, i] { write_metadata(i); });
    }
  }
  const std::size_t grown = std::max(peak(), before) - before;
  std::cout << tally_.bytes() / kMiB << " MiB of attachments moved in " << load_time().count() << " s; memory grew by "
            << grown / kMiB << " MiB\n";
  for (const auto& [answer, count] : tally_.answers()) {
    std::cout << "  " << answer << ": " << count << '\n';
  }
  EXPECT_EQ(tally_.server_errors(), 0);
  for (const auto& [answer, count] : tally_.wrong()) {
    ADD_FAILURE() << count << " times the wrong answer or digest: " << answer;
  }
  if (!kIsSanitized) {
    EXPECT_LT(grown, kBound);
  }

  HttpClient client = connect();
  std::int64_t expected_rows = 0;
  for (const auto& [target, digest] : stored_) {
    client.send(head("GET", target));
    const Digested got = digest_answer(client);
    EXPECT_EQ(got.status, digest.empty() ? 404 : 200) << target;
    EXPECT_TRUE(digest.empty() || got.sha256 == digest) << target;
    expected_rows += digest.empty() ? 0 : 1;
  }
  EXPECT_EQ(count("SELECT count(*) FROM attachments"), expected_rows);
  EXPECT_EQ(count("SELECT count(*) FROM discarded_files"), 0);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / "attachments"),
                          std::filesystem::directory_iterator()),
            expected_rows)
      << "a file for each row and none besides";
}

class LargeAttachment : public AttachmentsUnderLoad {
 protected:
  LargeAttachment() : AttachmentsUnderLoad(std::size_t{2} << 30U) {}
};

TEST_F(LargeAttachment, TakesLittleMemoryOnItsWayInAndOut) {
  constexpr std::size_t kSize = (kIsSanitized ? 64 : 1024) * kMiB;
  constexpr std::size_t kBound = 16 * kMiB;
  const std::string block = noise(kMiB + 1024);  // the n-th mebibyte is this from its n-th byte on
  ASSERT_EQ(push("alice", "doc"), 200);
  HttpClient client = connect();
  ASSERT_EQ(client.exchange(head("PUT", path("doc", "small"), 1) + "x")->status, 201);  // what is made once is there

  const std::size_t before = resident();
  forget_peak();
  Sha256Stream digest;
  client.send(head("PUT", path("doc", "large"), kSize));
  for (std::size_t i = 0; i < kSize / kMiB; ++i) {
    const auto piece = std::string_view(block).substr(i % 1024, kMiB);
    digest.update(piece);
    ASSERT_TRUE(client.send(piece));
  }
  const auto stored = client.receive();
  const std::string sha256 = to_hex(digest.finish());
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->status, 201);
  EXPECT_TRUE(stored->body.contains(sha256)) << stored->body;
  const std::size_t grown_by_upload = std::max(peak(), before) - before;

  forget_peak();
  client.send(head("GET", path("doc", "large")));
  const Digested got = digest_answer(client);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.size, kSize);
  EXPECT_EQ(got.sha256, sha256);
  const std::size_t grown_by_download = std::max(peak(), before) - before;

  std::cout << kSize / kMiB << " MiB: memory grew by " << grown_by_upload / kKiB << " KiB on the way in, and by "
            << grown_by_download / kKiB << " KiB on the way out\n";
  if (!kIsSanitized) {
    EXPECT_LT(grown_by_upload, kBound);
    EXPECT_LT(grown_by_download, kBound);
  }
}

}  // namespace
}  // namespace mcq
