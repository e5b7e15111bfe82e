#include "pages.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "page_data.h"
#include "pages_fixture_test.h"

namespace mcq {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string location(const mcdsl::http::Response& response) {
  return std::string(response.headers.get("location").value_or(""));
}

TEST_F(PagesTest, SendWhoIsNotLoggedInToTheLogin) {
  Browser browser(application());
  for (const std::string path : {"/", "/documents/a", "/upload", "/documents/a/attachments/b", "/documents/a/delete"}) {
    const auto answer = browser.get(path);
    EXPECT_EQ(answer.status, 303) << path;
    EXPECT_THAT(location(answer), HasSubstr("/login")) << path;
  }
  EXPECT_EQ(browser.get("/", {{"accept", "application/json"}}).status, 401);
}

TEST_F(PagesTest, ShowTheUnreadFirstAndWhatIsFound) {
  store("first", "The first");
  store("second", "A <b>bold</b> title & more");
  ASSERT_TRUE(documents_.mark("first", true).has_value());
  Browser alice = logged_in("alice");
  const auto all = alice.get("/");
  EXPECT_LT(all.body.find("A &lt;b&gt;bold&lt;/b&gt; title &amp; more"), all.body.find("The first"));
  EXPECT_THAT(all.body, HasSubstr("1 unread"));
  const auto found = alice.get("/?q=fir");
  EXPECT_THAT(found.body,
              AllOf(HasSubstr("The first"), Not(HasSubstr("bold")), HasSubstr("1 found"), HasSubstr("<html")));
  const auto part = alice.get("/?q=fir", {{"hx-request", "true"}, {"hx-target", "results"}});
  EXPECT_THAT(part.body, AllOf(HasSubstr("The first"), HasSubstr("1 found"), Not(HasSubstr("<html"))));
  EXPECT_THAT(alice.get("/?q=%22%20OR%20x*").body, HasSubstr("Nothing found"));
  EXPECT_EQ(alice.get("/?at=invented").status, 400);
  EXPECT_EQ(alice.get("/?q=%FF").status, 400);
}

TEST_F(PagesTest, TurnBothWays) {
  for (int i = 10; i < 75; ++i) {
    store("doc-" + std::to_string(i), "Title " + std::to_string(i));
  }
  Browser alice = logged_in("alice");
  const auto link = [](const std::string& body, const std::string& rel) {
    const auto at = body.find("rel=\"" + rel + "\" href=\"");
    if (at == std::string::npos) {
      return std::string();
    }
    const auto begin = body.find("href=\"", at) + 6;
    std::string url = body.substr(begin, body.find('"', begin) - begin);
    for (auto amp = url.find("&amp;"); amp != std::string::npos; amp = url.find("&amp;")) {
      url.replace(amp, 5, "&");
    }
    return url;
  };
  const auto first = alice.get("/?q=title");
  EXPECT_EQ(link(first.body, "prev"), "");
  const auto second = alice.get(link(first.body, "next"));
  const auto third = alice.get(link(second.body, "next"));
  EXPECT_THAT(third.body, AllOf(HasSubstr(">Title 10<"), HasSubstr(">Title 14<"), Not(HasSubstr(">Title 15<"))));
  EXPECT_EQ(link(third.body, "next"), "");
  const auto back = alice.get(link(third.body, "prev"));
  EXPECT_THAT(back.body, AllOf(HasSubstr(">Title 15<"), HasSubstr(">Title 44<"), Not(HasSubstr(">Title 45<"))));
}

TEST_F(PagesTest, MarkByAFormAndInPlace) {
  store("a", "A title");
  Browser guest = logged_in("guest");
  const auto marked = guest.post("/documents/a/read", {{"q", "ti tle"}, {"at", ""}});
  EXPECT_EQ(marked.status, 303);
  EXPECT_EQ(location(marked), "/?q=ti%20tle");
  EXPECT_TRUE(documents_.find("a")->summary.read);
  EXPECT_THAT(guest.get("/").body, AllOf(HasSubstr("“A title” is marked as read."), HasSubstr("All read")));
  EXPECT_THAT(guest.get("/").body, Not(HasSubstr("is marked as read")));
  const auto part = guest.post("/documents/a/unread", {}, {{"hx-request", "true"}});
  EXPECT_EQ(part.status, 200);
  EXPECT_THAT(part.body, AllOf(HasSubstr("<li class=\"row unread\">"), HasSubstr("1 unread"), Not(HasSubstr("<html"))));
  EXPECT_FALSE(documents_.find("a")->summary.read);
  EXPECT_EQ(guest.post("/documents/none/read").status, 404);
}

TEST_F(PagesTest, ShowADocumentAndToWhoMayChangeItHow) {
  store("a", "A title", "# A title\n\n*text* <script>alert(1)</script> [x](javascript:alert(1))\n");
  store("b", "Another");
  Browser alice = logged_in("alice");
  const auto page = alice.get("/documents/a");
  EXPECT_THAT(page.body,
              AllOf(HasSubstr("<em>text</em>"), Not(HasSubstr("alert(1)</script>")), Not(HasSubstr("javascript:"))));
  EXPECT_THAT(page.body, AllOf(HasSubstr("/documents/a/delete"), HasSubstr("Another"), HasSubstr("Mark as read")));
  Browser bob = logged_in("bob");
  EXPECT_THAT(bob.get("/documents/a").body, Not(HasSubstr("/documents/a/delete")));
  EXPECT_THAT(bob.get("/").body, HasSubstr("href=\"/upload\""));
  EXPECT_THAT(logged_in("guest").get("/").body, Not(HasSubstr("href=\"/upload\"")));
  EXPECT_THAT(logged_in("root").get("/documents/a").body, HasSubstr("/documents/a/delete"));
  const auto missing = alice.get("/documents/none");
  EXPECT_EQ(missing.status, 404);
  EXPECT_THAT(missing.body, HasSubstr("<h1>Not Found</h1>"));
}

TEST_F(PagesTest, DeleteForWhoMayAndAskFirst) {
  store("a", "A title");
  Browser bob = logged_in("bob");
  EXPECT_EQ(bob.get("/documents/a/delete").status, 403);
  EXPECT_EQ(bob.post("/documents/a/delete").status, 403);
  Browser guest = logged_in("guest");
  EXPECT_EQ(guest.post("/documents/a/delete").status, 403);
  EXPECT_TRUE(documents_.find("a").has_value());
  Browser alice = logged_in("alice");
  EXPECT_THAT(alice.get("/documents/a/delete").body, HasSubstr("Delete “A title”?"));
  EXPECT_TRUE(documents_.find("a").has_value()) << "asking deletes nothing";
  const auto deleted = alice.post("/documents/a/delete");
  EXPECT_EQ(deleted.status, 303);
  EXPECT_EQ(location(deleted), "/");
  EXPECT_FALSE(documents_.find("a").has_value());
  EXPECT_THAT(alice.get("/").body, HasSubstr("“A title” is deleted."));
  EXPECT_EQ(alice.get("/documents/a/delete").status, 404);
}

TEST_F(PagesTest, ChangeNothingWithoutTheToken) {
  store("a", "A title");
  Browser alice = logged_in("alice");
  Browser mallory = alice;
  const std::string token = "name=\"csrf_token\"\r\n\r\n";
  const auto forged = mallory.post_multipart("/upload", "--b\r\nContent-Disposition: form-data; " + token + "x\r\n",
                                             {{.name = "title", .value = "Forged"}, {.name = "body", .value = "x"}});
  EXPECT_EQ(forged.status, 403);
  const auto missing =
      mallory.post_multipart("/upload", "", {{.name = "title", .value = "Forged"}, {.name = "body", .value = "x"}});
  EXPECT_EQ(missing.status, 403);
  EXPECT_FALSE(documents_.find("forged").has_value());
  EXPECT_EQ(alice.post("/documents/a/delete", {}, {{"sec-fetch-site", "cross-site"}}).status, 403);
  EXPECT_TRUE(documents_.find("a").has_value());
}

TEST_F(PagesTest, TakeADocumentWithItsFiles) {
  Browser alice = logged_in("alice");
  ASSERT_EQ(alice.get("/upload").status, 200);
  const auto added = alice.post_files(
      "/upload", {{.name = "title", .value = ""},
                  {.name = "slug", .value = ""},
                  {.name = "document",
                   .value = "# My *first* notes: 1\n\ntext",
                   .filename = "x.md",
                   .content_type = "text/markdown"},
                  {.name = "body", .value = "\r\n"},
                  {.name = "file", .value = "one", .filename = "C:\\fake path\\one.txt", .content_type = "text/plain"},
                  {.name = "file", .value = std::string("t\0o", 3), .filename = "two.bin", .content_type = "bad type"},
                  {.name = "file", .value = "", .filename = ""}});
  ASSERT_EQ(added.status, 303) << added.body;
  EXPECT_EQ(location(added), "/documents/my-first-notes-1");
  const auto document = documents_.find("my-first-notes-1");
  ASSERT_TRUE(document.has_value());
  EXPECT_EQ(document->summary.pushed_by, "alice");
  EXPECT_EQ(document->body, "# My *first* notes: 1\n\ntext");
  const auto files = attachments_.list("my-first-notes-1").value();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].name, "one.txt");
  EXPECT_EQ(files[0].content_type, "text/plain");
  EXPECT_EQ(files[1].size, 3U);
  EXPECT_EQ(files[1].content_type, "application/octet-stream");
  const auto page = alice.get("/documents/my-first-notes-1");
  EXPECT_THAT(page.body, AllOf(HasSubstr("is in the queue."), HasSubstr("/attachments/one.txt"), HasSubstr("3 B")));
  const auto file = alice.get("/documents/my-first-notes-1/attachments/two.bin");
  EXPECT_EQ(file.status, 200);
  EXPECT_THAT(std::string(file.headers.get("content-disposition").value()), HasSubstr("attachment"));
}

TEST_F(PagesTest, TakeATypedTextAndNameItByItsTitle) {
  Browser alice = logged_in("alice");
  const auto added = alice.post_files("/upload", {{.name = "title", .value = " Über Größe \r\n"},
                                                  {.name = "slug", .value = ""},
                                                  {.name = "document", .value = "", .filename = ""},
                                                  {.name = "body", .value = "a\r\nb\r\n"}});
  ASSERT_EQ(added.status, 303) << added.body;
  EXPECT_EQ(location(added), "/documents/ber-gr-e");
  EXPECT_EQ(documents_.find("ber-gr-e")->body, "a\nb\n");
  EXPECT_EQ(documents_.find("ber-gr-e")->summary.title, "Über Größe");
  const auto other = alice.post_files("/upload", {{.name = "title", .value = "日本"}, {.name = "body", .value = "x"}});
  EXPECT_THAT(location(other), ::testing::MatchesRegex("/documents/document-[0-9a-f]{8}"));
}

TEST_F(PagesTest, ReplaceADocumentOnlyWhenThatIsMeant) {
  store("a", "Old", "old");
  store("bobs", "Bob's", "old", "bob");
  Browser alice = logged_in("alice");
  const std::vector<Browser::Field> form{
      {.name = "title", .value = "New"}, {.name = "slug", .value = "a"}, {.name = "body", .value = "new"}};
  EXPECT_EQ(alice.post_files("/upload", form).status, 409);
  EXPECT_EQ(documents_.find("a")->body, "old");
  std::vector<Browser::Field> meant = form;
  meant.push_back({.name = "replace", .value = "yes"});
  EXPECT_EQ(alice.post_files("/upload", meant).status, 303);
  EXPECT_EQ(documents_.find("a")->body, "new");
  meant[1].value = "bobs";
  EXPECT_EQ(alice.post_files("/upload", meant).status, 403);
  EXPECT_EQ(documents_.find("bobs")->body, "old");
}

TEST_F(PagesTest, SayWhatIsWrongWithAForm) {
  Browser alice = logged_in("alice");
  const std::string large(kMaxBodyBytes + 1, 'x');
  struct Case {
    std::vector<Browser::Field> fields;
    std::string named;
  };
  const std::vector<Case> cases{
      {{{.name = "title", .value = "x"}}, "no text"},
      {{{.name = "body", .value = "x"}}, "title"},
      {{{.name = "title", .value = "x"}, {.name = "body", .value = "\xff"}}, "UTF-8"},
      {{{.name = "title", .value = "x"}, {.name = "slug", .value = "A b"}, {.name = "body", .value = "x"}}, "slug"},
      {{{.name = "title", .value = "x"},
        {.name = "document", .value = "a", .filename = "a.md"},
        {.name = "body", .value = "b"}},
       "not both"},
      {{{.name = "title", .value = "x"}, {.name = "document", .value = "\xff\xfe", .filename = "a.md"}}, "UTF-8"},
      {{{.name = "title", .value = "x"}, {.name = "document", .value = large, .filename = "a.md"}}, ""},
      {{{.name = "title", .value = std::string(301, 'x')}, {.name = "body", .value = "x"}}, ""},
  };
  for (const Case& wrong : cases) {
    const auto page = alice.post_files("/upload", wrong.fields);
    EXPECT_EQ(page.status, 400) << wrong.named;
    EXPECT_THAT(page.body, AllOf(HasSubstr(wrong.named), HasSubstr("<h1>")));
    const auto told = alice.post_files("/upload", wrong.fields,
                                       {{"accept", "application/json"}, {"x-csrf-token", alice.csrf_token()}});
    EXPECT_EQ(told.status, 400);
    EXPECT_THAT(told.body, AllOf(HasSubstr(R"({"error":")"), HasSubstr(wrong.named)));
  }
  EXPECT_THAT(queue_.page({})->documents, ::testing::IsEmpty());
}

TEST_F(PagesTest, AttachFilesAndDeleteThem) {
  store("a", "A title");
  Browser alice = logged_in("alice");
  const std::string awkward = "50% of a?#.txt";
  ASSERT_EQ(alice.post_files("/documents/a/attachments", {{.name = "file", .value = "x", .filename = awkward}}).status,
            303);
  const auto page = alice.get("/documents/a");
  EXPECT_THAT(page.body,
              AllOf(HasSubstr("The file is attached."), HasSubstr("/attachments/50%25%20of%20a%3f%23.txt\"")));
  EXPECT_EQ(alice.get("/documents/a/attachments/50%25%20of%20a%3F%23.txt").status, 200);
  EXPECT_THAT(alice.get("/documents/a/attachments/50%25%20of%20a%3F%23.txt/delete").body,
              HasSubstr("Delete “50% of a?#.txt”?"));
  Browser bob = logged_in("bob");
  EXPECT_EQ(bob.get("/documents/a/attachments/50%25%20of%20a%3F%23.txt/delete").status, 403);
  EXPECT_EQ(bob.post("/documents/a/attachments/50%25%20of%20a%3F%23.txt/delete").status, 403);
  EXPECT_EQ(bob.post_files("/documents/a/attachments", {{.name = "file", .value = "x", .filename = "b"}}).status, 403);
  EXPECT_EQ(alice.post("/documents/a/attachments/50%25%20of%20a%3F%23.txt/delete").status, 303);
  EXPECT_THAT(attachments_.list("a").value(), ::testing::IsEmpty());
  EXPECT_EQ(alice.post_files("/documents/a/attachments", {{.name = "file", .value = "", .filename = ""}}).status, 400);
  EXPECT_EQ(
      alice.post_files("/documents/a/attachments", {{.name = "file", .value = "x", .filename = ".hidden"}}).status,
      400);
  const std::string large(kMaxAttachment + 1, 'x');
  const auto refused =
      alice.post_files("/documents/a/attachments", {{.name = "file", .value = large, .filename = "large"}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("large is larger than 1.0 MiB"));
  EXPECT_THAT(attachments_.list("a").value(), ::testing::IsEmpty());
}

TEST_F(PagesTest, TellAScriptWhereWhatItSentIs) {
  Browser alice = logged_in("alice");
  const auto added =
      alice.post_files("/upload", {{.name = "title", .value = "By script"}, {.name = "body", .value = "x"}},
                       {{"accept", "application/json"}, {"x-csrf-token", alice.csrf_token()}});
  EXPECT_EQ(added.status, 201);
  EXPECT_EQ(location(added), "/documents/by-script");
  EXPECT_THAT(alice.get("/documents/by-script").body, HasSubstr("“By script” is in the queue."));
}

TEST_F(PagesTest, LeaveTheApiAsItIs) {
  store("a", "A title");
  EXPECT_EQ(as("alice").get("/v1/documents/a").status, 200);
  EXPECT_EQ(as("alice").put("/v1/documents/b", R"({"title":"x","body":"y"})").status, 200);
  EXPECT_EQ(as("bob").delete_("/v1/documents/a").status, 403);
  EXPECT_THAT(anonymous().get("/v1/documents").body, HasSubstr(R"({"error":)"));
}

TEST(PageData, WritesSizesDatesAndMinutes) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1024), "1.0 KiB");
  EXPECT_EQ(size_text(1290), "1.2 KiB");
  EXPECT_EQ(size_text(std::uint64_t{96} << 20U), "96 MiB");
  EXPECT_EQ(size_text(std::uint64_t{5000} << 30U), "5000 GiB");
  using namespace std::chrono;  // NOLINT(google-build-using-namespace): literals of dates
  EXPECT_EQ(date_text(sys_days(2026y / November / 9)), "9 Nov 2026");
  EXPECT_EQ(reading_minutes(""), 1);
  std::string words;
  for (int i = 0; i < 441; ++i) {
    words += "word\n";
  }
  EXPECT_EQ(reading_minutes(words), 3);
}

TEST(PageData, MakesSlugsOfTitles) {
  EXPECT_EQ(slug_of("A title: 2.0!"), "a-title-2-0");
  EXPECT_EQ(slug_of("--"), "");
  EXPECT_EQ(slug_of("-x"), "x");
  EXPECT_EQ(slug_of(std::string(200, 'a')).size(), 128U);
}

// What is searched at the end of every test has all of this in it.
TEST_F(PagesTest, WriteNoSecretToAnyLine) {
  store("a", "A title");
  mcias_.require_totp("alice", "123456");
  Browser alice(application());
  EXPECT_EQ(alice.get("/login").status, 200);
  const auto log_in = [&](const std::string& password, const std::string& code) {
    return alice.post("/login", {{"username", "alice"}, {"password", password}, {"totp_code", code}}).status;
  };
  EXPECT_EQ(log_in("wrong-password", "123456"), 401);
  EXPECT_EQ(log_in("alice's password", "654 321"), 401);
  EXPECT_EQ(log_in("alice's password", "123 456"), 303);
  EXPECT_EQ(alice.get("/").status, 200);
  EXPECT_EQ(alice.post("/documents/a/read").status, 303);
  EXPECT_EQ(alice.get("/").status, 200);
  EXPECT_EQ(alice.post("/documents/a/delete", {}, {{"origin", "https://evil.example.org"}}).status, 403);
  EXPECT_EQ(alice.post("/documents/a/delete", {}, {{"x-csrf-token", "forged-token"}}).status, 403);
  EXPECT_EQ(as("bob").get("/v1/documents/a").status, 200);
  EXPECT_EQ(alice.post("/logout").status, 303);
  EXPECT_THAT(application().kinds(), ::testing::UnorderedElementsAre(
                                         "password", "totp_code", "csrf_token", "token", "cookie __Host-mcq_session",
                                         "cookie __Host-mcq_pre", "cookie __Host-mcq_flash"));
  for (const std::string written : {"path=/login", "path=/documents/a/delete", "status=403", "msg=\"logged in\""}) {
    EXPECT_THAT(log_.text(), HasSubstr(written));
  }
}

}  // namespace
}  // namespace mcq
