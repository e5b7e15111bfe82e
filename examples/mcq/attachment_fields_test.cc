#include "attachment_fields.h"

#include <string>

#include <gtest/gtest.h>

namespace mcq {
namespace {

TEST(AttachmentName, IsAnyTextThatCannotBeMistakenForAPath) {
  for (const std::string name : {"a", "report.pdf", "a b", "100%", "\"quoted\"", "naïve Übersicht.txt", "日本語",
                                 "a..b", "C:\\x", "~", "-rf", "\xF0\x9F\x93\x8E"}) {
    EXPECT_TRUE(check_attachment_name(name)) << name;
  }
  EXPECT_TRUE(check_attachment_name(std::string(200, 'x')));
}

TEST(AttachmentName, IsRefusedWhereItIsAPathAFormOrHidden) {
  for (const std::string& name :
       {std::string(), std::string(201, 'x'), std::string("/"), std::string("a/b"), std::string("."), std::string(".."),
        std::string(".hidden"), std::string("a\nb"), std::string("a\0b", 3), std::string("\x7F"),
        std::string("\xC2\x85"), std::string("\xFF"), std::string("\xC0\xAF"), std::string("\xED\xA0\x80")}) {
    const auto checked = check_attachment_name(name);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().code(), mcdsl::Code::invalid_argument);
  }
}

TEST(AttachmentContentType, KeepsWhatIsWellFormed) {
  for (const std::string type : {"text/plain", "text/plain; charset=utf-8", "text/plain;charset=\"utf-8\"",
                                 "application/vnd.oasis.opendocument.text", "image/svg+xml ; a=b\t;c=d", "x/y;",
                                 "x/y; ; a=b", "multipart/form-data; boundary=\"a b;c=d\""}) {
    EXPECT_TRUE(is_content_type(type)) << type;
  }
}

TEST(AttachmentContentType, RefusesWhatIsNot) {
  for (const std::string type :
       {"", "text", "/", "text/", "/plain", "text/plain/x", "te xt/plain", "text/plain charset=x",
        "text/plain; charset", "text/plain; =x", "text/plain; a=", "text/plain; a=\"b", "text/plain; a=\"b\"c",
        "text/plain; a=\"\\\"\"", "text/plain, text/html", "text/plän"}) {
    EXPECT_FALSE(is_content_type(type)) << type;
  }
  EXPECT_FALSE(is_content_type("text/plain; a=" + std::string(200, 'x')));
}

TEST(AttachmentContentType, IsOctetStreamWhereNoneOrSeveralOrABrokenOneCame) {
  mcdsl::http::Headers headers;
  EXPECT_EQ(content_type_of(headers), "application/octet-stream");
  headers.add("content-type", "image/png");
  EXPECT_EQ(content_type_of(headers), "image/png");
  headers.add("content-type", "image/png");
  EXPECT_EQ(content_type_of(headers), "application/octet-stream");
  headers.set("content-type", "no type");
  EXPECT_EQ(content_type_of(headers), "application/octet-stream");
}

TEST(AttachmentDisposition, NamesTheFileForOldAndNewClients) {
  EXPECT_EQ(content_disposition("a b.txt"), "attachment; filename=\"a b.txt\"");
  EXPECT_EQ(content_disposition("a\"b\\c%2F"), "attachment; filename=\"a_b_c_2F\"; filename*=UTF-8''a%22b%5Cc%252F");
  EXPECT_EQ(content_disposition("ü;x"), "attachment; filename=\"__;x\"; filename*=UTF-8''%C3%BC%3Bx");
}

}  // namespace
}  // namespace mcq
