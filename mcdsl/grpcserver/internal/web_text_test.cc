#include "mcdsl/grpcserver/internal/web_text.h"

#include <gtest/gtest.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/grpcserver/dispatcher.h"
#include "mcdsl/grpcserver/internal/framing.h"
#include "mcdsl/grpcserver/internal/metadata.h"
#include "mcdsl/grpcserver/internal/notes_for_test.h"
#include "mcdsl/testing/rpc_caller.h"

namespace mcdsl::grpcserver {
namespace {

http::Request call(std::string body, std::string_view type = "application/grpc-web-text") {
  http::Request request;
  request.start(http::Method::post, "/x");
  request.mutable_headers().add("content-type", type);
  request.mutable_body() = std::move(body);
  return request;
}

TEST(WebText, IsTheTypeThatSaysSo) {
  EXPECT_TRUE(is_web_text(call("")));
  EXPECT_TRUE(is_web_text(call("", "application/GRPC-web-text+proto; charset=utf-8")));
  EXPECT_FALSE(is_web_text(call("", "application/grpc-web")));
  EXPECT_FALSE(is_web_text(call("", "application/grpc-web-text+json")));
}

TEST(WebText, TakesABodyOfSeveralPaddedPieces) {
  for (const auto& [text, bytes] : std::vector<std::pair<std::string, std::string>>{
           {"", ""}, {"YWJj", "abc"}, {"YQ==", "a"}, {"YQ==YWI=YWJj", "aababc"}, {"+/+/", "\xfb\xff\xbf"}}) {
    auto request = call(text);
    unpack_web_text(request);
    EXPECT_EQ(request.body(), bytes) << text;
    EXPECT_FALSE(request.refusal()) << text;
  }
}

TEST(WebText, RefusesWhatIsNoBase64) {
  for (const std::string text : {"Y", "YQ=", "=", "====", "Y===", "YWJj\n", "-_-_", "YQ==Y", "YQ==="}) {
    auto request = call(text);
    unpack_web_text(request);
    EXPECT_TRUE(request.refusal()) << text;
  }
}

TEST(WebText, LeavesARefusalOfHttpAsItIs) {
  auto refusal = http::text("method not allowed\n").with_status(405);
  pack_web_text(refusal);
  EXPECT_EQ(refusal.body, "method not allowed\n");
}

// A call in text and its answer in bytes, of a dispatcher.
class WebTextCall : public ::testing::Test {
 protected:
  http::Response post(const std::string& method, const std::string& bytes) const {
    std::string text = encode_binary(bytes);
    text.append((4 - text.size() % 4) % 4, '=');
    return caller_.send(http::Method::post, "/mcdsl.test.v1.NotesService/" + method, text,
                        {{"content-type", "application/grpc-web-text"}, {"authorization", "Bearer user"}});
  }

  static std::string bytes_of(const http::Response& response) {
    http::Request decoded = call(response.body);
    unpack_web_text(decoded);
    EXPECT_FALSE(decoded.refusal()) << response.body;
    return std::string(decoded.body());
  }

  NotesForTest service_;
  TokensForTest tokens_;
  const Dispatcher dispatcher_{{&service_}, {.verifier = &tokens_}};
  const testing::RpcCaller caller_{dispatcher_};
};

TEST_F(WebTextCall, IsAnsweredInText) {
  notes::GetNoteRequest request;
  request.set_id("7");
  const auto response = post("GetNote", framed(request.SerializeAsString()));
  EXPECT_EQ(response.headers.get("content-type"), "application/grpc-web-text+proto");
  notes::Note note;
  note.set_id("7");
  EXPECT_EQ(bytes_of(response), framed(note.SerializeAsString()) + framed("grpc-status: 0\r\n", 0x80));
}

TEST_F(WebTextCall, StreamsItsAnswerInPieces) {
  notes::ListNotesRequest request;
  request.set_count(2);
  const std::string bytes = bytes_of(post("ListNotes", framed(request.SerializeAsString())));
  std::string expected;
  for (const char* id : {"0", "1"}) {
    notes::Note note;
    note.set_id(id);
    expected += framed(note.SerializeAsString());
  }
  EXPECT_EQ(bytes, expected + framed("grpc-status: 0\r\n", 0x80));
}

TEST_F(WebTextCall, IsRefusedInTextWhereItIsNoBase64) {
  const auto response = caller_.send(http::Method::post, "/mcdsl.test.v1.NotesService/GetNote", "!",
                                     {{"content-type", "application/grpc-web-text"}, {"authorization", "Bearer user"}});
  EXPECT_NE(bytes_of(response).find("grpc-status: 13\r\n"), std::string::npos);
  EXPECT_EQ(service_.entered(), 0);
}

}  // namespace
}  // namespace mcdsl::grpcserver
