#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "api_fixture_test.h"
#include "mcdsl/base/time.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/httpserver/server.h"
#include "mcdsl/json/decode.h"
#include "mcdsl/testing/eventually.h"
#include "mcdsl/testing/http_client.h"
#include "small_disk_test.h"

namespace mcq {
namespace {

namespace http = mcdsl::http;
using mcdsl::testing::AppClient;
using ::testing::HasSubstr;

const std::string kPath = "/v1/documents/doc/attachments/";

struct About {
  std::string name;
  std::uint64_t size = 0;
  std::string sha256;
  std::string content_type;
  std::string stored_at;

  void bind(mcdsl::json::Fields& fields) {
    fields.required("name", name);
    fields.required("size", size);
    fields.required("sha256", sha256);
    fields.required("content_type", content_type);
    fields.required("stored_at", stored_at);
  }
};

struct Listed {
  std::vector<About> attachments;

  void bind(mcdsl::json::Fields& fields) { fields.required("attachments", attachments); }
};

std::string digest(std::string_view body) {
  return mcdsl::crypto::to_hex(mcdsl::crypto::sha256(body));
}

class AttachmentsApiTest : public ApiTest {
 protected:
  AttachmentsApiTest() { EXPECT_EQ(push("alice", "doc"), 200); }

  http::Response put(const std::string& account, const std::string& name, std::string_view body,
                     const std::string& type = "text/plain") {
    return as(account).with_header("content-type", type).send(http::Method::put, kPath + name, body);
  }

  [[nodiscard]] std::ptrdiff_t files() const {
    return std::distance(std::filesystem::directory_iterator(folder_ / "attachments"),
                         std::filesystem::directory_iterator());
  }
};

std::string content(const http::Response& response) {
  std::string text(response.file->length + 1, '\0');
  text.resize(static_cast<std::size_t>(::pread(response.file->fd->get(), text.data(), text.size(), 0)));
  return text;
}

TEST_F(AttachmentsApiTest, AnswersAPutWithWhatItStored) {
  const auto created = put("alice", "a%20b.txt", "content", "text/plain; charset=utf-8");
  ASSERT_EQ(created.status, 201) << created.body;
  const auto about = mcdsl::json::decode<About>(created.body).value();
  EXPECT_EQ(about.name, "a b.txt");
  EXPECT_EQ(about.size, 7U);
  EXPECT_EQ(about.sha256, digest("content"));
  EXPECT_EQ(about.content_type, "text/plain; charset=utf-8");
  EXPECT_TRUE(mcdsl::parse_rfc3339(about.stored_at)) << about.stored_at;
  EXPECT_EQ(put("alice", "a%20b.txt", "other").status, 200) << "replaced";
  EXPECT_EQ(put("alice", "empty", "").status, 201);
}

TEST_F(AttachmentsApiTest, ServesAFileToBeSavedUnderItsName) {
  ASSERT_EQ(put("alice", "%C3%BC.html", "<script>", "text/html").status, 201);
  const auto got = as("guest").get(kPath + "%C3%BC.html");
  ASSERT_EQ(got.status, 200);
  EXPECT_EQ(content(got), "<script>");
  EXPECT_EQ(got.headers.get("content-type"), "text/html");
  EXPECT_EQ(got.headers.get("etag"), "\"" + digest("<script>") + "\"");
  EXPECT_EQ(got.headers.get("content-disposition"), "attachment; filename=\"__.html\"; filename*=UTF-8''%C3%BC.html");
  EXPECT_EQ(as("guest").get(kPath + "none").status, 404);
  EXPECT_EQ(as("guest").get("/v1/documents/none/attachments/a").status, 404);
}

TEST_F(AttachmentsApiTest, CallsAnUnknownTypeOctetStream) {
  EXPECT_THAT(put("alice", "a", "x", "no type").body, HasSubstr(R"("content_type":"application/octet-stream")"));
  EXPECT_THAT(as("alice").send(http::Method::put, kPath + "b", "x").body,
              HasSubstr(R"("content_type":"application/octet-stream")"));
}

TEST_F(AttachmentsApiTest, ListsWhatADocumentHas) {
  ASSERT_EQ(put("alice", "b", "12").status, 201);
  ASSERT_EQ(put("alice", "a", "1").status, 201);
  const auto listed = mcdsl::json::decode<Listed>(as("guest").get("/v1/documents/doc/attachments").body).value();
  ASSERT_EQ(listed.attachments.size(), 2U);
  EXPECT_EQ(listed.attachments[0].name, "a");
  EXPECT_EQ(listed.attachments[1].name, "b");
  EXPECT_EQ(listed.attachments[1].sha256, digest("12"));
  EXPECT_EQ(as("guest").get("/v1/documents/none/attachments").status, 404);
}

TEST_F(AttachmentsApiTest, LetsWhoMayChangeTheDocumentChangeItsAttachments) {
  EXPECT_EQ(put("bob", "a", "x").status, 403);
  EXPECT_EQ(put("robot", "a", "x").status, 403);
  EXPECT_EQ(put("guest", "a", "x").status, 403);
  EXPECT_EQ(anonymous().send(http::Method::put, kPath + "a", "x").status, 401);
  EXPECT_EQ(put("alice", "a", "x").status, 201);
  EXPECT_EQ(put("root", "a", "x").status, 200);
  for (const std::string reader : {"bob", "guest", "robot"}) {
    EXPECT_EQ(as(reader).get(kPath + "a").status, 200) << reader;
    EXPECT_EQ(as(reader).delete_(kPath + "a").status, 403) << reader;
  }
  EXPECT_EQ(anonymous().get(kPath + "a").status, 401);
  EXPECT_EQ(anonymous().get("/v1/documents/doc/attachments").status, 401);
  EXPECT_EQ(anonymous().delete_(kPath + "a").status, 401);
  EXPECT_EQ(as("root").delete_(kPath + "a").status, 204);
  EXPECT_EQ(push("robot", "its-own"), 200);
  EXPECT_EQ(as("robot").send(http::Method::put, "/v1/documents/its-own/attachments/a", "x").status, 201);
}

TEST_F(AttachmentsApiTest, DeletesOneOrAllOfADocument) {
  ASSERT_EQ(put("alice", "a", "x").status, 201);
  ASSERT_EQ(put("alice", "b", "x").status, 201);
  EXPECT_EQ(as("alice").delete_(kPath + "a").status, 204);
  EXPECT_EQ(as("alice").delete_(kPath + "a").status, 404);
  EXPECT_EQ(as("alice").get(kPath + "a").status, 404);
  EXPECT_EQ(files(), 1);
  EXPECT_EQ(as("alice").delete_("/v1/documents/doc").status, 204);
  EXPECT_EQ(as("alice").get(kPath + "b").status, 404);
  EXPECT_EQ(files(), 0);
}

TEST_F(AttachmentsApiTest, KeepsAttachmentsOfADocumentThatIsPushedAgain) {
  ASSERT_EQ(put("alice", "a", "x").status, 201);
  EXPECT_EQ(push("alice", "doc"), 200);
  EXPECT_EQ(as("alice").get(kPath + "a").status, 200);
}

TEST_F(AttachmentsApiTest, RefusesNamesThatAreNone) {
  for (const std::string name :
       {".hidden", "..%2F..%2Fetc%2Fpasswd", "a%2Fb", "a%0Ab", "%00", "%FF", "%C2%85", "%7F", "%2E%2E"}) {
    EXPECT_EQ(put("alice", name, "x").status, 400) << name;
  }
  EXPECT_EQ(put("alice", std::string(201, 'x'), "x").status, 400);
  EXPECT_EQ(put("alice", std::string(200, 'x'), "x").status, 201);
  EXPECT_EQ(files(), 1);
}

TEST_F(AttachmentsApiTest, RefusesWhatIsNotAWholeFile) {
  const auto alice = as("alice");
  EXPECT_EQ(alice.with_header("content-range", "bytes 0-0/2").send(http::Method::put, kPath + "a", "x").status, 400);
  EXPECT_EQ(alice.with_header("content-encoding", "gzip").send(http::Method::put, kPath + "a", "x").status, 415);
  EXPECT_EQ(files(), 0);
}

TEST_F(AttachmentsApiTest, TakesBodiesUpToItsLimit) {
  EXPECT_EQ(AttachmentOptions().max_bytes, 134'217'728U) << "128 MiB as long as nobody says otherwise";
  EXPECT_EQ(put("alice", "a", std::string(kMaxAttachment, 'x')).status, 201);
  EXPECT_EQ(put("alice", "b", std::string(kMaxAttachment + 1, 'x')).status, 413);
  EXPECT_EQ(files(), 1);
}

TEST_F(AttachmentsApiTest, StoresNothingWhileTheIdentityServiceIsAway) {
  const auto alice = as("alice");
  mcias_.go_down();
  EXPECT_EQ(alice.send(http::Method::put, kPath + "a", "x").status, 503);
  EXPECT_EQ(files(), 0);
  mcias_.come_back();
}

// The same through a server: bodies come and go in pieces.
class AttachmentsServerTest : public AttachmentsApiTest {
 protected:
  AttachmentsServerTest() { server_.start(); }

  [[nodiscard]] mcdsl::testing::HttpClient connect() const { return {"127.0.0.1", server_.address().port}; }

  std::string head(const std::string& method, const std::string& name, const std::string& fields = "") {
    return method + " " + kPath + name + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token_ + "\r\n" +
           fields + "\r\n";
  }
  std::string put_with_length(const std::string& name, std::size_t length) {
    return head("PUT", name, "Content-Length: " + std::to_string(length) + "\r\n");
  }

  [[nodiscard]] static mcdsl::config::Server settings() {
    return {.listen_addr = "127.0.0.1:0", .tls = mcdsl::config::Tls::off};
  }

  std::string token_{mcias_.issue_token("alice").reveal()};
  mcdsl::httpserver::Server server_{settings(), application(), log_.logger()};
};

TEST_F(AttachmentsServerTest, CarriesAFileThereAndBack) {
  std::string body(kMaxAttachment, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) {
    body[i] = static_cast<char>(i * i % 251);
  }
  auto client = connect();
  const auto stored = client.exchange(put_with_length("a", body.size()) + body);
  ASSERT_EQ(stored->status, 201) << stored->body;
  EXPECT_EQ(mcdsl::json::decode<About>(stored->body)->sha256, digest(body));
  const auto got = client.exchange(head("GET", "a"));
  EXPECT_TRUE(got->body == body);
  client.send(head("HEAD", "a"));
  const auto measured = client.receive(true);
  EXPECT_EQ(measured->headers.get("content-length"), std::to_string(body.size()));
  EXPECT_EQ(measured->headers.get("etag"), got->headers.get("etag"));
  EXPECT_EQ(client.exchange(head("DELETE", "a"))->status, 204);
  EXPECT_EQ(client.exchange(head("GET", "a"))->status, 404);
}

TEST_F(AttachmentsServerTest, TakesABodyOfUnknownLength) {
  auto client = connect();
  const auto chunked = head("PUT", "a", "Transfer-Encoding: chunked\r\n");
  EXPECT_EQ(client.exchange(chunked + "4\r\nfour\r\n2\r\nty\r\n0\r\n\r\n")->status, 201);
  EXPECT_EQ(client.exchange(head("GET", "a"))->body, "fourty");
}

TEST_F(AttachmentsServerTest, RefusesBeforeTheBodyIsSent) {
  const auto refused = [&](const std::string& account, const std::string& path) {
    token_ = mcias_.issue_token(account).reveal();
    return connect()
        .exchange("PUT " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nAuthorization: Bearer " + token_ +
                  "\r\n\r\n")
        ->status;
  };
  EXPECT_EQ(refused("bob", kPath + "a"), 403);
  EXPECT_EQ(refused("guest", kPath + "a"), 403);
  EXPECT_EQ(refused("alice", "/v1/documents/none/attachments/a"), 404);
  EXPECT_EQ(refused("alice", kPath + ".a"), 400);
}

TEST_F(AttachmentsServerTest, KeepsNothingOfAClientThatGoesAway) {
  auto client = connect();
  client.send(put_with_length("a", 1'000'000) + std::string(300'000, 'x'));
  ASSERT_TRUE(mcdsl::testing::eventually([&] { return files() == 1; }));
  client.close();
  EXPECT_TRUE(mcdsl::testing::eventually([&] { return files() == 0; }));
  EXPECT_EQ(connect().exchange(head("GET", "a"))->status, 404);
}

TEST_F(AttachmentsServerTest, KeepsNothingOfABodyThatTurnsOutTooLong) {
  const std::string body(kMaxAttachment + 1, 'x');
  EXPECT_EQ(connect().exchange(put_with_length("a", body.size()))->status, 413);
  std::string chunked = head("PUT", "a", "Transfer-Encoding: chunked\r\n");
  chunked.append("100001\r\n").append(body).append("\r\n0\r\n\r\n");
  EXPECT_EQ(connect().exchange(chunked)->status, 413);
  EXPECT_TRUE(mcdsl::testing::eventually([&] { return files() == 0; }));
}

TEST_F(AttachmentsServerTest, AnswersAFullDiskWith503AndSaysSoInTheLog) {
  // The files of this test go to a disk of their own.
  const auto small = folder_ / "small";
  std::filesystem::create_directory(small);
  const SmallDisk disk(small, "256k");
  if (!disk.is_mounted()) {
    GTEST_SKIP() << "no privilege to mount a small disk";
  }
  const Attachments attachments(database_, small / "attachments", {.logger = log_.logger()});
  mcdsl::Service service("mcq", config_, log_.logger());
  service.authenticate_with(authenticator_);
  add_attachment_routes(service, attachments);
  mcdsl::httpserver::Server server(settings(), service.router(), log_.logger());
  server.start();
  const auto refused = mcdsl::testing::HttpClient("127.0.0.1", server.address().port)
                           .exchange(put_with_length("a", 500'000) + std::string(500'000, 'x'));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_THAT(refused->body, HasSubstr("no room left"));
  EXPECT_TRUE(std::filesystem::is_empty(small / "attachments"));
  EXPECT_TRUE(mcdsl::testing::eventually([&] { return log_.contains("No space left"); }));
}

}  // namespace
}  // namespace mcq
