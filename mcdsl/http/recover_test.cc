#include "mcdsl/http/recover.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace mcdsl::http {
namespace {

template <class E>
Response recovered_from(const E& thrown) {
  const Handler handler = recover()([&](Request&) -> Response { throw thrown; });
  Request request;
  return handler(request);
}

TEST(Recover, LetsAResponseThrough) {
  Request request;
  EXPECT_EQ(recover()([](Request&) { return text("fine"); })(request).body, "fine");
}

TEST(Recover, KeepsTheStatusOfWhatTheWorldOutsideCauses) {
  EXPECT_EQ(recovered_from(Exception(Code::unavailable, "x")).status, 503);
  EXPECT_EQ(recovered_from(Exception(Code::resource_exhausted, "x")).status, 429);
  EXPECT_EQ(recovered_from(Exception(Code::deadline_exceeded, "x")).status, 504);
  EXPECT_EQ(recovered_from(Exception(Code::unavailable, "x")).headers.get("retry-after"), "1");
}

TEST(Recover, MakesAnyOtherExceptionAnInternalErrorThatTellsNothing) {
  for (int code = 1; code <= 16; ++code) {
    if (code == 4 || code == 8 || code == 14) {
      continue;
    }
    const Response response = recovered_from(Exception(Error::visible(static_cast<Code>(code), "in /srv/x.db")));
    EXPECT_EQ(response.status, 500) << code;
    EXPECT_EQ(response.body, R"({"error":"internal error"})") << code;
  }
  EXPECT_EQ(recovered_from(std::runtime_error("in /srv/x.db")).body, R"({"error":"internal error"})");
  EXPECT_EQ(recovered_from(7).body, R"({"error":"internal error"})");
}

TEST(Recover, KeepsTheChainForTheLog) {
  const Error chain = Error(Code::not_found, "no such file").wrap("open /srv/x.db");
  EXPECT_EQ(recovered_from(Exception(chain)).error->to_string(), "not_found: open /srv/x.db: no such file");
  EXPECT_EQ(recovered_from(std::runtime_error("bad cast")).error->to_string(), "bad cast");
  EXPECT_EQ(recovered_from(7).error->to_string(), "an exception of an unknown type");
}

}  // namespace
}  // namespace mcdsl::http
