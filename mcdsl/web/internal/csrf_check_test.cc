#include "mcdsl/web/internal/csrf_check.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/http/recover.h"
#include "mcdsl/http/router.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"
#include "mcdsl/web/internal/visit.h"
#include "mcdsl/web/upload.h"

namespace mcdsl::web::internal {
namespace {

using http::Method;
using Fields = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kBinding = "session alice";
constexpr std::string_view kForm = "application/x-www-form-urlencoded";
constexpr std::string_view kMultipart = "multipart/form-data; boundary=frontier";

// Gives a body as it would come over a connection: a few bytes at a time.
class Trickle final : public http::BodyReader {
 public:
  explicit Trickle(std::string bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] Result<std::size_t> read(std::span<char> into) override {
    const std::size_t count = std::min({into.size(), std::size_t{7}, bytes_.size() - at_});
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), count, into.begin());
    at_ += count;
    return count;
  }
  [[nodiscard]] std::size_t taken() const { return at_; }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

std::string part(std::string_view name, std::string_view value, std::string_view more = "") {
  return "--frontier\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"" + std::string(more) +
         "\r\n\r\n" + std::string(value) + "\r\n";
}

class CsrfCheckTest : public ::testing::Test {
 protected:
  // The status that a request is answered with; 200 where it came through.
  int send(Method method, const Fields& fields, std::string_view body = "", std::string_view binding = kBinding) {
    http::Request request = make(method, fields, binding);
    request.mutable_body() = body;
    return serve(request, [](http::Request& /*request*/) { return http::text("done"); });
  }
  int stream(const Fields& fields, Trickle& body, const http::Handler& handler) {
    http::Request request = make(Method::post, fields, kBinding);
    request.set_body_reader(&body);
    const int status = serve(request, handler);
    EXPECT_EQ(request.body_reader(), &body);
    return status;
  }
  static http::Request make(Method method, const Fields& fields, std::string_view binding) {
    http::Request request;
    request.start(method, "/delete");
    for (const auto& [name, value] : fields) {
      request.mutable_headers().add(name, value);
    }
    request.set(Visit{.binding = std::string(binding)});
    return request;
  }
  int serve(http::Request& request, const http::Handler& handler) {
    const http::Response response = check.handle(request, handler);
    reason = response.error ? response.error->message() : "";
    return response.status;
  }
  [[nodiscard]] std::string token(std::string_view binding = kBinding) const { return guard.issue(binding); }

  testing::TempDir dir;
  testing::ManualClock clock;
  csrf::KeyFile keys{dir / "web.keys", clock};
  csrf::Guard guard{keys, {.clock = clock}};
  csrf::Origin own = csrf::Origin::parse("https://notes.example.org").value();
  CsrfCheck check{guard, own,
                  [](const http::Request& /*request*/, Error error) { return http::error(std::move(error)); }};
  std::string reason;
};

TEST_F(CsrfCheckTest, LetsEverySafeMethodThrough) {
  for (const Method method : {Method::get, Method::head, Method::options}) {
    EXPECT_EQ(send(method, {{"sec-fetch-site", "cross-site"}, {"origin", "https://evil.example"}}), 200);
  }
}

TEST_F(CsrfCheckTest, WantsATokenForEveryOtherMethodAndEveryTypeOfBody) {
  const std::array<std::pair<std::string_view, std::string>, 6> bodies{
      {{kForm, "a=b"},
       {kMultipart, part("a", "b") + "--frontier--\r\n"},
       {"application/json", R"({"csrf_token":")" + token() + "\"}"},
       {"text/plain", "csrf_token=" + token()},
       {"application/octet-stream", "bytes"},
       {"", ""}}};
  for (const Method method : {Method::post, Method::put, Method::patch, Method::delete_}) {
    for (const auto& [type, body] : bodies) {
      Fields fields{{"origin", own.text()}, {"sec-fetch-site", "same-origin"}, {"cookie", "a=b"}};
      if (!type.empty()) {
        fields.emplace_back("content-type", type);
      }
      EXPECT_EQ(send(method, fields, body), 403) << name(method) << " " << type;
      EXPECT_TRUE(reason.contains("no token")) << reason;
      fields.emplace_back("x-csrf-token", token());
      EXPECT_EQ(send(method, fields, body), 200) << name(method) << " " << type << ": " << reason;
    }
  }
}

TEST_F(CsrfCheckTest, TakesTheTokenOfAFormField) {
  for (const Method method : {Method::post, Method::put, Method::patch, Method::delete_}) {
    EXPECT_EQ(send(method, {{"content-type", std::string(kForm)}}, "a=b&csrf_token=" + token()), 200);
    EXPECT_EQ(send(method, {{"content-type", std::string(kMultipart)}},
                   part("a", "b") + part("csrf_token", token()) + "--frontier--\r\n"),
              200)
        << reason;
  }
}

TEST_F(CsrfCheckTest, TakesNoTokenFromTheQueryOrACookieOrAFile) {
  http::Request request;
  request.start(Method::post, "/delete?csrf_token=" + token());
  request.mutable_headers().add("cookie", "csrf_token=" + token());
  request.set(Visit{.binding = std::string(kBinding)});
  EXPECT_EQ(serve(request, [](http::Request& /*request*/) { return http::text("done"); }), 403);
  EXPECT_EQ(send(Method::post, {{"content-type", std::string(kMultipart)}},
                 part("csrf_token", token(), "; filename=\"a\"") + "--frontier--\r\n"),
            403);
}

TEST_F(CsrfCheckTest, RefusesATokenOfAnotherSessionWhereverItStands) {
  const std::string theirs = token("session mallory");
  EXPECT_EQ(send(Method::post, {{"x-csrf-token", theirs}}), 403);
  EXPECT_EQ(send(Method::post, {{"content-type", std::string(kForm)}}, "csrf_token=" + theirs), 403);
  EXPECT_EQ(
      send(Method::post, {{"content-type", std::string(kMultipart)}}, part("csrf_token", theirs) + "--frontier--\r\n"),
      403);
  EXPECT_EQ(
      send(Method::post, {{"content-type", std::string(kForm)}, {"x-csrf-token", theirs}}, "csrf_token=" + token()),
      403)
      << "the header is the token where there is one";
}

TEST_F(CsrfCheckTest, RefusesAForeignPageBeforeItLooksAtTheToken) {
  for (const auto& [name, value] : Fields{{"sec-fetch-site", "cross-site"},
                                          {"sec-fetch-site", "same-site"},
                                          {"origin", "null"},
                                          {"origin", "https://evil.example"},
                                          {"origin", "https://notes.example.org:8443"},
                                          {"origin", "http://notes.example.org"}}) {
    EXPECT_EQ(send(Method::post, {{name, value}, {"x-csrf-token", token()}}), 403) << name << ": " << value;
    EXPECT_TRUE(reason.contains(value)) << reason;
    EXPECT_EQ(send(Method::post, {{name, value}, {"x-csrf-token", token()}}, "", ""), 403) << "without a session too";
  }
}

TEST_F(CsrfCheckTest, RefusesWhatStandsThereTwice) {
  EXPECT_EQ(send(Method::post, {{"origin", own.text()}, {"origin", "null"}, {"x-csrf-token", token()}}), 403);
  EXPECT_EQ(send(Method::post, {{"x-csrf-token", token()}, {"x-csrf-token", token()}}), 403);
  EXPECT_EQ(send(Method::post,
                 {{"sec-fetch-site", "same-origin"}, {"sec-fetch-site", "cross-site"}, {"x-csrf-token", token()}}),
            403);
  EXPECT_EQ(
      send(Method::post, {{"content-type", std::string(kForm)}}, "csrf_token=" + token() + "&csrf_token=" + token()),
      400);
}

TEST_F(CsrfCheckTest, SaysThatTheSessionHasEndedWhereNoneCame) {
  EXPECT_EQ(send(Method::post, {{"x-csrf-token", token()}}, "", ""), 401);
  http::Request request;
  request.start(Method::post, "/delete");
  EXPECT_EQ(serve(request, [](http::Request& /*request*/) { return http::text("done"); }), 401);
}

TEST_F(CsrfCheckTest, LetsProgramsWithATokenOfTheirOwnThroughUnlessCookiesCome) {
  EXPECT_EQ(send(Method::post, {{"authorization", "Bearer t"}, {"content-type", "application/json"}}, "{}", ""), 200);
  EXPECT_EQ(send(Method::post, {{"authorization", "Bearer t"}, {"cookie", "a=b"}}, "{}"), 403);
  EXPECT_EQ(send(Method::post, {{"authorization", "Basic YTpi"}}, "{}"), 403);
  EXPECT_EQ(send(Method::post, {{"authorization", "Bearer t"}, {"authorization", "Bearer t"}}, "{}"), 403);
}

TEST_F(CsrfCheckTest, RefusesAFormThatCannotBeRead) {
  EXPECT_EQ(send(Method::post, {{"content-type", std::string(kForm)}}, "a=%zz&csrf_token=" + token()), 400);
  EXPECT_EQ(send(Method::post, {{"content-type", "multipart/form-data"}}, part("csrf_token", token())), 400);
  EXPECT_EQ(send(Method::post, {{"content-type", std::string(kMultipart)}}, part("a", "b")), 400) << "no end";
}

http::Response store(http::Request& request, std::string& stored) {
  auto form = open_form(request);
  if (!form) {
    return http::error(form.error());
  }
  for (;;) {
    const auto next = form->next_part();
    if (!next) {
      return http::error(next.error());
    }
    if (!*next) {
      return http::text("stored");
    }
    if ((*next)->name == "file") {
      stored = form->read_all(10'000).value_or("too long");
    }
  }
}

TEST_F(CsrfCheckTest, ReadsTheTokenInFrontOfAFileThatIsStillComing) {
  const std::string file(5000, 'f');
  Trickle body(part("csrf_token", token()) + part("file", file, "; filename=\"a\"") + "--frontier--\r\n");
  std::string stored;
  EXPECT_EQ(stream({{"content-type", std::string(kMultipart)}}, body,
                   [&](http::Request& request) { return store(request, stored); }),
            200)
      << reason;
  EXPECT_EQ(stored, file);
}

TEST_F(CsrfCheckTest, TakesTheTokenOfAStreamFromTheHeaderToo) {
  for (const std::string& first : {std::string(), part("csrf_token", token())}) {
    Trickle body(first + part("file", "bytes", "; filename=\"a\"") + "--frontier--\r\n");
    std::string stored;
    EXPECT_EQ(stream({{"content-type", std::string(kMultipart)}, {"x-csrf-token", token()}}, body,
                     [&](http::Request& request) { return store(request, stored); }),
              200);
    EXPECT_EQ(stored, "bytes");
  }
}

TEST_F(CsrfCheckTest, RefusesAStreamWhoseTokenIsWrongMissingOrBehindTheFile) {
  const std::string file = part("file", "bytes", "; filename=\"a\"");
  const std::string end = "--frontier--\r\n";
  for (const std::string& text :
       {part("csrf_token", token("session mallory")) + file + end, file + end, file + part("csrf_token", token()) + end,
        end, part("csrf_token", token(), "; filename=\"a\"") + file + end}) {
    Trickle body(text);
    std::string stored;
    EXPECT_EQ(stream({{"content-type", std::string(kMultipart)}}, body,
                     [&](http::Request& request) { return store(request, stored); }),
              403)
        << text;
    EXPECT_EQ(stored, "");
  }
}

TEST_F(CsrfCheckTest, GivesNothingOfAStreamToAHandlerThatForgetsTheToken) {
  Trickle body(part("csrf_token", token()) + part("file", "bytes") + "--frontier--\r\n");
  const int status = stream({{"content-type", std::string(kMultipart)}}, body, [](http::Request& request) {
    std::array<char, 100> bytes{};
    const auto count = request.read_body(bytes);
    EXPECT_FALSE(count);
    return http::text("done all the same");
  });
  EXPECT_EQ(status, 500);
  EXPECT_TRUE(reason.contains("web::open_form")) << reason;
  EXPECT_EQ(body.taken(), 0U);
}

TEST_F(CsrfCheckTest, GivesNothingMoreOfAStreamOnceTheTokenWasRefused) {
  Trickle body(part("csrf_token", "forged") + part("file", "bytes") + "--frontier--\r\n");
  stream({{"content-type", std::string(kMultipart)}}, body, [](http::Request& request) {
    EXPECT_FALSE(open_form(request));
    std::array<char, 100> bytes{};
    EXPECT_FALSE(request.read_body(bytes));
    return http::error(403, "refused");
  });
}

}  // namespace
}  // namespace mcdsl::web::internal
