#include "mcdsl/http/multipart.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mcdsl::http {
namespace {

using testing::HasSubstr;

constexpr std::string_view kType = "multipart/form-data; boundary=XX";

Headers typed(std::string_view content_type) {
  Headers headers;
  headers.add("content-type", content_type);
  return headers;
}

struct Read {
  Part part;
  std::string content;
};

// All parts, read through a buffer of so many bytes.
Result<std::vector<Read>> read_parts(MultipartReader& reader, std::size_t buffer_size) {
  std::vector<Read> parts;
  std::string buffer(buffer_size, '\0');
  for (;;) {
    auto part = reader.next_part();
    if (!part) {
      return fail(part.error());
    }
    if (!*part) {
      return parts;
    }
    parts.push_back({.part = **part, .content = {}});
    for (;;) {
      const auto count = reader.read(buffer);
      if (!count) {
        return fail(count.error());
      }
      if (*count == 0) {
        break;
      }
      parts.back().content.append(buffer, 0, *count);
    }
  }
}

Result<std::vector<Read>> parse(std::string_view body, const MultipartReader::Limits& limits = {}) {
  auto reader = MultipartReader::over(typed(kType), body, limits);
  return reader ? read_parts(*reader, 1000) : fail(reader.error());
}

std::string refusal(std::string_view body, const MultipartReader::Limits& limits = {}) {
  const auto parts = parse(body, limits);
  return parts ? "taken" : std::string(parts.error().public_text());
}

// A whole form of one part with this header.
std::string with_header(std::string_view header, std::string_view content = "text") {
  return "--XX\r\n" + std::string(header) + "\r\n\r\n" + std::string(content) + "\r\n--XX--\r\n";
}

std::string with_disposition(std::string_view value) {
  return with_header("Content-Disposition: " + std::string(value));
}

// A body that arrives in pieces of one size, and may break off.
class Drip : public BodyReader {
 public:
  Drip(std::string_view body, std::size_t piece, std::optional<Error> at_end = {})
      : rest_(body), piece_(piece), at_end_(std::move(at_end)) {}

  Result<std::size_t> read(std::span<char> into) override {
    if (rest_.empty() && at_end_) {
      return fail(*at_end_);
    }
    const std::size_t count = rest_.copy(into.data(), std::min(into.size(), piece_));
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view rest_;
  std::size_t piece_;
  std::optional<Error> at_end_;
};

// What Chromium sends for a text field, a file and an empty file field.
const std::string kBrowserForm =
    "--XX\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nGr\xC3\xBC\xC3\x9F"
    "e\r\n"
    "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a \xC3\xBC%22.bin\"\r\n"
    "Content-Type: application/octet-stream\r\n\r\n\r\n--X\r\n--\r\n\n--XX\r--XX"
    "\r\n--XX\r\nContent-Disposition: form-data; name=\"more\"; filename=\"\"\r\nContent-Type: "
    "application/octet-stream\r\n"
    "\r\n\r\n--XX--\r\n";

TEST(Multipart, ReadsABrowsersFormInPiecesOfAnySize) {
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U, 100'000U}) {
    for (const std::size_t buffer : {1U, 5U, 4096U}) {
      Request request;
      request.start(Method::post, "/upload");
      request.mutable_headers() = typed(kType);
      Drip body(kBrowserForm, piece);
      request.set_body_reader(&body);
      auto reader = MultipartReader::open(request).value();
      const auto parts = read_parts(reader, buffer);
      ASSERT_TRUE(parts) << parts.error().to_string();
      ASSERT_EQ(parts->size(), 3U);
      EXPECT_EQ((*parts)[0].part.name, "title");
      EXPECT_EQ((*parts)[0].part.filename, std::nullopt);
      EXPECT_EQ((*parts)[0].part.content_type, "text/plain");
      EXPECT_EQ((*parts)[0].content,
                "Gr\xC3\xBC\xC3\x9F"
                "e");
      EXPECT_EQ((*parts)[1].part.filename, "a \xC3\xBC%22.bin") << "as it was sent";
      EXPECT_EQ((*parts)[1].part.content_type, "application/octet-stream");
      EXPECT_EQ((*parts)[1].content, "\r\n--X\r\n--\r\n\n--XX\r--XX") << "what looks like a delimiter, nearly";
      EXPECT_EQ((*parts)[2].part.filename, "");
      EXPECT_EQ((*parts)[2].content, "");
      EXPECT_FALSE(reader.next_part().value()) << "the end stays the end";
      std::array<char, 1> byte{};
      EXPECT_EQ(reader.read(byte), 0U);
    }
  }
}

TEST(Multipart, SkipsWhatNobodyReads) {
  auto reader = MultipartReader::over(typed(kType), kBrowserForm).value();
  EXPECT_EQ(reader.next_part().value()->name, "title");
  std::array<char, 2> some{};
  ASSERT_EQ(reader.read(some), 2U);
  EXPECT_EQ(reader.next_part().value()->name, "file");
  EXPECT_EQ(reader.next_part().value()->name, "more");
  EXPECT_FALSE(reader.next_part().value());
}

TEST(Multipart, CanBeMovedInTheMiddleOfAPart) {
  const std::string body = with_disposition("form-data; name=a");
  auto reader = MultipartReader::over(typed(kType), body).value();
  ASSERT_TRUE(reader.next_part().value());
  MultipartReader moved = std::move(reader);
  EXPECT_EQ(moved.read_all(4), "text");
  EXPECT_FALSE(moved.next_part().value());
}

TEST(Multipart, CarriesAPartThatIsLargerThanAnyBuffer) {
  std::string content(1'000'000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) {
    content[i] = i % 5 == 0 ? '\r' : static_cast<char>(i * i);
  }
  const auto parts = parse(with_header("Content-Disposition: form-data; name=a", content));
  ASSERT_TRUE(parts);
  EXPECT_TRUE(parts->at(0).content == content);
}

TEST(Multipart, AllowsWhatTheStandardsDo) {
  const std::string header = "content-DISPOSITION:form-data ;NAME=a;filename=b.txt; other=\"x\"\r\nX-More: ignored";
  const auto parts = parse("an old mail reader\r\n sees this\r\n--XX \t\r\n" + header +
                           "\r\n\r\n--XX\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n\r\n--XX--  \r\nand this");
  ASSERT_TRUE(parts) << parts.error().to_string();
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_EQ(parts->at(0).part.name, "a");
  EXPECT_EQ(parts->at(0).part.filename, "b.txt");
  EXPECT_EQ(parts->at(0).content, "") << "the empty line may belong to the delimiter";
  EXPECT_EQ(parts->at(1).part.name, "");
  EXPECT_TRUE(parse("--XX--").value().empty()) << "a form without fields";
}

TEST(Multipart, GivesTheNameOfAFileAsItWasSentAndNeverAsAPath) {
  const std::vector<std::pair<std::string_view, std::string_view>> names{{R"("../../etc/passwd")", "../../etc/passwd"},
                                                                         {R"("C:\dir\a.txt")", R"(C:\dir\a.txt)"},
                                                                         {R"("a\"b\\c;d=e")", R"(a"b\c;d=e)"},
                                                                         {R"("%0D%0A%22%2F")", "%0D%0A%22%2F"}};
  for (const auto& [sent, read] : names) {
    const auto parts = parse(with_disposition("form-data; name=a; filename=" + std::string(sent)));
    ASSERT_TRUE(parts) << sent;
    EXPECT_EQ(parts->at(0).part.filename, read);
  }
}

TEST(Multipart, RefusesAHeaderThatTwoReadersCouldTakeDifferently) {
  const std::vector<std::pair<std::string, std::string_view>> cases{
      {with_header("X: y"), "part 1 of the form: it has no Content-Disposition"},
      {with_header("Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b"), "twice"},
      {with_header("Content-Disposition: form-data; name=a\r\nContent-Type: a/b\r\nContent-Type: c/d"), "twice"},
      {with_header("Content-Disposition: form-data;\r\n name=a"), "not a field"},
      {with_header("Content-Disposition : form-data; name=a"), "not a field"},
      {with_header("Content-Disposition: form-data; name=a\nX: y"), "not a field"},
      {with_header(std::string("Content-Disposition: form-data; name=\"a\0b\"", 42)), "not a field"},
      {with_header("nothing"), "not a field"},
      {with_header("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64"), "Transfer-Encoding"},
      {with_disposition("attachment; name=a"), "not that of a form"},
      {with_disposition("form-data"), "has no name"},
      {with_disposition("form-data; filename=a"), "has no name"},
      {with_disposition("form-data; name=a; name=b"), "not that of a form"},
      {with_disposition("form-data; name=a; NAME=b"), "not that of a form"},
      {with_disposition("form-data; name=a; filename=b; filename=c"), "not that of a form"},
      {with_disposition("form-data; name=\"a"), "not that of a form"},
      {with_disposition("form-data; name=a b"), "not that of a form"},
      {with_disposition("form-data; name=\"a\"b"), "not that of a form"},
      {with_disposition("form-data; name"), "not that of a form"},
      {with_disposition("form-data; name=a;"), "not that of a form"},
      {with_disposition("form-data, name=a"), "not that of a form"},
      {with_disposition("form-data; name=a; filename*=UTF-8''b"), "extended notation"},
      {with_disposition("form-data; name=\"\xFF\""), "not UTF-8"},
      {with_disposition("form-data; name=a; filename=\"\xC3\""), "not UTF-8"}};
  for (const auto& [body, says] : cases) {
    EXPECT_THAT(refusal(body), HasSubstr(says)) << body;
  }
}

TEST(Multipart, RefusesABodyThatBreaksOffAnywhere) {
  const std::string body = with_header("Content-Disposition: form-data; name=a");
  for (std::size_t size = 0; size < body.size() - 2; ++size) {  // the last line end may be missing
    EXPECT_THAT(refusal(body.substr(0, size)), HasSubstr("ends")) << size;
  }
  EXPECT_TRUE(parse(body.substr(0, body.size() - 2)));
}

TEST(Multipart, RefusesDelimitersThatAreNotLinesOfTheirOwn) {
  for (const std::string_view behind : {"x\r\n", "\n", "\r", "-\r\n", "-- x\r\n", "--x", "--\n", " x\r\n"}) {
    EXPECT_THAT(refusal("--XX" + std::string(behind) + "Content-Disposition: form-data; name=a\r\n\r\n\r\n--XX--"),
                HasSubstr("line of a delimiter"))
        << behind;
  }
  EXPECT_THAT(refusal("--XX" + std::string(65, ' ') + "\r\n"), HasSubstr("line of a delimiter"));
}

TEST(Multipart, HoldsItsLimits) {
  const std::string part = "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n";
  EXPECT_TRUE(parse(part + part + "--XX--", {.parts = 2}));
  EXPECT_THAT(refusal(part + part + part + "--XX--", {.parts = 2}), HasSubstr("more than 2 parts"));

  const std::string_view header = "Content-Disposition: form-data; name=a";
  const std::size_t exact = header.size() + 4;  // with both line ends
  EXPECT_TRUE(parse(with_header(header), {.header_bytes = exact}));
  EXPECT_THAT(refusal(with_header(header), {.header_bytes = exact - 1}), HasSubstr("longer than 41 bytes"));
  EXPECT_THAT(refusal("--XX\r\n" + std::string(1'000'000, 'x')), HasSubstr("longer than 8192 bytes"));

  const std::string body = with_header(header, "12345");
  auto reader = MultipartReader::over(typed(kType), body).value();
  ASSERT_TRUE(reader.next_part().value());
  const auto text = reader.read_all(4);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().public_text(), "part 1 of the form: it is longer than 4 bytes");
  EXPECT_EQ(reader.next_part().error().public_text(), text.error().public_text()) << "an error stays";
}

TEST(Multipart, PassesTheErrorsOfItsSourceOn) {
  Request request;
  request.start(Method::post, "/upload");
  request.mutable_headers() = typed(kType);
  Drip body("--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nhalf of it", 9, Error(Code::cancelled, "gone"));
  request.set_body_reader(&body);
  auto reader = MultipartReader::open(request).value();
  ASSERT_TRUE(reader.next_part().value());
  EXPECT_EQ(reader.read_all(100).error().code(), Code::cancelled);
  EXPECT_EQ(reader.next_part().error().code(), Code::cancelled);
}

TEST(Multipart, RefusesATypeWithoutOneGoodBoundary) {
  for (const std::string_view type :
       {"multipart/form-data; boundary=\"a b'()+_,-./:=?\"", "Multipart/Form-Data; charset=utf-8; Boundary=x"}) {
    EXPECT_TRUE(MultipartReader::over(typed(type), "")) << type;
  }
  for (const std::string& type :
       std::vector<std::string>{"multipart/mixed; boundary=x", "multipart/form-data",
                                "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
                                "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=\"a\xC3\xBC\"",
                                "multipart/form-data; boundary=x; boundary=y", "multipart/form-data; boundary=x, y",
                                "multipart/form-data; boundary=" + std::string(71, 'x')}) {
    EXPECT_EQ(MultipartReader::over(typed(type), "").error().code(), Code::invalid_argument) << type;
  }
  Headers two = typed(kType);
  two.add("content-type", "multipart/form-data; boundary=YY");
  EXPECT_FALSE(MultipartReader::over(two, ""));
  EXPECT_FALSE(MultipartReader::over(Headers(), ""));
}

}  // namespace
}  // namespace mcdsl::http
