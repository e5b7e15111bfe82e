#include "mcdsl/http/compress.h"

#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "mcdsl/http/conditional.h"
#include "mcdsl/http/internal/unpack_for_test.h"
#include "mcdsl/http/ranges.h"

namespace mcdsl::http {
namespace {

using internal::unpack_gzip;
using internal::unpack_zstd;

const std::string kLong(4096, 'x');

Request request_for(std::string_view accept, Method method = Method::get) {
  Request request;
  request.start(method, "/");
  if (!accept.empty()) {
    request.mutable_headers().add("accept-encoding", accept);
  }
  return request;
}

Response packed(Request request, Response made) {
  return compress()([&](Request&) { return std::move(made); })(request);
}

Response packed(std::string_view accept, Response made) {
  return packed(request_for(accept), std::move(made));
}

TEST(Compress, PacksForWhoAsks) {
  const Response gzip = packed("gzip", text(kLong));
  EXPECT_EQ(gzip.headers.get("content-encoding"), "gzip");
  EXPECT_EQ(unpack_gzip(gzip.body), kLong);
  const Response zstd = packed("gzip, zstd", text(kLong));
  EXPECT_EQ(zstd.headers.get("content-encoding"), "zstd");
  EXPECT_EQ(unpack_zstd(zstd.body), kLong);
}

TEST(Compress, SaysThatTheAnswerHangsOnTheQuestionEvenWhereItIsNotPacked) {
  for (const std::string_view accept : {"", "gzip", "identity", "gzip;q=0", "gzip;q=nonsense"}) {
    EXPECT_EQ(packed(accept, text(kLong)).headers.get("vary"), "accept-encoding") << accept;
  }
  EXPECT_EQ(packed("", text(kLong)).body, kLong);
}

TEST(Compress, LeavesShortAndHugeBodies) {
  EXPECT_EQ(packed("gzip", text(std::string(1023, 'x'))).body, std::string(1023, 'x'));
  EXPECT_FALSE(packed("gzip", text(std::string(1023, 'x'))).headers.contains("vary"));
  EXPECT_TRUE(packed("gzip", text(std::string(1024, 'x'))).headers.contains("content-encoding"));
  const std::string huge((std::size_t{8} << 20U) + 1, 'x');
  EXPECT_FALSE(packed("gzip", text(huge)).headers.contains("content-encoding"));
}

TEST(Compress, LeavesWhatDoesNotPackWell) {
  const Response image = packed("gzip", text(kLong).with_header("content-type", "image/png"));
  EXPECT_EQ(image.body, kLong);
  EXPECT_FALSE(image.headers.contains("vary"));
  Response untyped;
  untyped.body = kLong;
  EXPECT_EQ(packed("gzip", std::move(untyped)).body, kLong);
}

TEST(Compress, LeavesWhatItMustNotTouch) {
  EXPECT_EQ(packed("gzip", text(kLong).with_header("set-cookie", "a=b")).body, kLong);
  EXPECT_EQ(packed("gzip", text(kLong).with_header("cache-control", "private, No-Transform")).body, kLong);
  EXPECT_EQ(packed("gzip", text(kLong).with_header("content-encoding", "br")).body, kLong);
  EXPECT_EQ(packed("gzip", text(kLong).with_header("content-digest", "sha-256=:AA==:")).body, kLong);
  EXPECT_EQ(packed("gzip", text(kLong).with_header("content-range", "bytes */1").with_status(416)).body, kLong);
  EXPECT_EQ(packed("gzip", text(kLong).with_status(206)).body, kLong);
  Response file = text(kLong);
  file.file = FileBody{};
  EXPECT_FALSE(packed("gzip", std::move(file)).headers.contains("content-encoding"));
  EXPECT_FALSE(packed("gzip", stream("text/plain", {})).headers.contains("content-encoding"));
}

TEST(Compress, LeavesPartsOfTheWhole) {
  Request request = request_for("gzip");
  request.mutable_headers().add("range", "bytes=0-2047");
  const Handler handler = compress()([](Request& inner) { return with_range(inner, text(kLong)); });
  const Response part = handler(request);
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, kLong.substr(0, 2048));
  Request all = request_for("gzip");
  const Response whole = handler(all);
  EXPECT_TRUE(whole.headers.contains("content-encoding"));
  EXPECT_FALSE(whole.headers.contains("accept-ranges"));
}

TEST(Compress, MakesAStrongTagWeak) {
  EXPECT_EQ(packed("gzip", text(kLong).with_header("etag", "\"a\"")).headers.get("etag"), "W/\"a\"");
  EXPECT_EQ(packed("gzip", text(kLong).with_header("etag", "W/\"a\"")).headers.get("etag"), "W/\"a\"");
  EXPECT_EQ(packed("", text(kLong).with_header("etag", "\"a\"")).headers.get("etag"), "\"a\"");
  EXPECT_FALSE(packed("gzip", text(kLong).with_header("etag", "a")).headers.contains("etag"));
}

TEST(Compress, AnswersHeadAsItWouldGet) {
  const Response get = packed(request_for("gzip", Method::get), text(kLong));
  const Response head = packed(request_for("gzip", Method::head), text(kLong));
  EXPECT_EQ(head.headers.get("content-encoding"), "gzip");
  EXPECT_EQ(head.body.size(), get.body.size());  // what the protocol measures and does not send
}

// Around conditional_requests, as its header says.
TEST(Compress, TellsTheClientThatItsPackedCopyIsGood) {
  const Handler handler =
      compress()(conditional_requests()([](Request&) { return text(kLong).with_header("etag", "\"a\""); }));
  Request first = request_for("gzip");
  const std::string tag(handler(first).headers.get("etag").value());
  EXPECT_EQ(tag, "W/\"a\"");
  Request again = request_for("gzip");
  again.mutable_headers().add("if-none-match", tag);
  const Response unmodified = handler(again);
  EXPECT_EQ(unmodified.status, 304);
  EXPECT_EQ(unmodified.headers.get("etag"), tag);
  EXPECT_EQ(unmodified.headers.get("vary"), "accept-encoding");
  EXPECT_FALSE(unmodified.headers.contains("content-encoding"));
}

TEST(Compress, LeavesTheStrongTagToWhoHoldsThePlainCopy) {
  const Handler handler =
      compress()(conditional_requests()([](Request&) { return text(kLong).with_header("etag", "\"a\""); }));
  Request request = request_for("");
  request.mutable_headers().add("if-none-match", "\"a\"");
  EXPECT_EQ(handler(request).headers.get("etag"), "\"a\"");
}

}  // namespace
}  // namespace mcdsl::http
