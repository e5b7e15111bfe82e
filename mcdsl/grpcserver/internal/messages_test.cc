#include "mcdsl/grpcserver/internal/messages.h"

#include <algorithm>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/grpcserver/internal/notes_for_test.h"

namespace mcdsl::grpcserver {
namespace {

using notes::Note;

constexpr MessageLimits kLimits{100, 100};
const MessageFormat kGrpc{.type = {Protocol::grpc, Codec::proto}, .limits = kLimits};
const MessageFormat kConnect{.type = {Protocol::connect_unary, Codec::proto}, .limits = kLimits};

std::string titled(const std::string& title) {
  Note note;
  note.set_title(title);
  return note.SerializeAsString();
}

// A body that comes in the pieces given, and then ends or fails.
class Pieces final : public http::BodyReader {
 public:
  explicit Pieces(std::vector<std::string> pieces, Result<std::size_t> end = 0)
      : pieces_(std::move(pieces)), end_(std::move(end)) {}

  Result<std::size_t> read(std::span<char> into) override {
    if (next_ == pieces_.size()) {
      ++reads_of_end_;
      return end_;
    }
    std::string& piece = pieces_[next_];
    const std::size_t count = piece.copy(into.data(), into.size());
    piece.erase(0, count);
    next_ += piece.empty() ? 1 : 0;
    return count;
  }
  [[nodiscard]] int reads_of_end() const { return reads_of_end_; }

 private:
  std::vector<std::string> pieces_;
  Result<std::size_t> end_;
  std::size_t next_ = 0;
  int reads_of_end_ = 0;
};

// What a stream of these pieces is read as: the titles, and then "end" or the code.
std::vector<std::string> read_all(Pieces& pieces, bool* has_fault = nullptr) {
  http::Request request;
  request.start(http::Method::post, "/");
  request.set_body_reader(&pieces);
  StreamMessages messages(kGrpc, request);
  std::vector<std::string> read;
  for (;;) {
    Note note;
    const auto more = messages.read(note);
    if (!more) {
      read.emplace_back(name(more.error().code()));
      EXPECT_EQ(messages.read(note).error().code(), more.error().code()) << "and from then on at every call";
      EXPECT_EQ(messages.expect_end().error().code(), more.error().code());
      break;
    }
    if (!*more) {
      read.emplace_back("end");
      EXPECT_FALSE(value_or_throw(messages.read(note)));
      EXPECT_TRUE(messages.expect_end());
      break;
    }
    read.push_back(note.title());
  }
  if (has_fault != nullptr) {
    *has_fault = messages.has_fault();
  }
  return read;
}

using Texts = std::vector<std::string>;

TEST(StreamMessages, AreTheSameHoweverTheBytesCome) {
  const std::string body = framed(titled("a")) + framed("") + framed(titled("b"));
  for (std::size_t size = 1; size <= body.size(); ++size) {
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < body.size(); at += size) {
      pieces.push_back(body.substr(at, size));
    }
    Pieces reader(pieces);
    EXPECT_EQ(read_all(reader), Texts({"a", "", "b", "end"})) << size;
  }
}

TEST(StreamMessages, EndWithTheFaultOfTheirCaller) {
  struct Case {
    std::string body;
    Texts read;
  };
  for (const auto& [body, read] :
       {Case{framed(titled("a")) + std::string(1, 0), {"a", "invalid_argument"}}, Case{"\x01", {"invalid_argument"}},
        Case{framed(titled("a")).substr(0, 6), {"invalid_argument"}}, Case{framed("\xff"), {"invalid_argument"}},
        Case{std::string("\0\xff\xff\xff\xff", 5), {"resource_exhausted"}},
        Case{framed(titled(std::string(200, 'x'))), {"resource_exhausted"}}, Case{framed(titled("a"), 2), {"internal"}},
        Case{framed(titled("a"), 0x80), {"internal"}}, Case{framed(titled("a"), kCompressed), {"internal"}}}) {
    Pieces pieces({body});
    bool has_fault = false;
    EXPECT_EQ(read_all(pieces, &has_fault), read);
    EXPECT_TRUE(has_fault);
  }
}

TEST(StreamMessages, EndWithTheBodysError) {
  Pieces pieces({framed(titled("a")) + std::string(1, 0)}, fail(Code::cancelled, "it has gone"));
  bool has_fault = true;
  EXPECT_EQ(read_all(pieces, &has_fault), Texts({"a", "cancelled"}));
  EXPECT_FALSE(has_fault) << "no bytes of the caller's are to blame";
  EXPECT_EQ(pieces.reads_of_end(), 1);
}

TEST(StreamMessages, AreOneForAMethodThatTakesOne) {
  const auto only = [](const std::string& body) {
    Pieces pieces({body});
    http::Request request;
    request.start(http::Method::post, "/");
    request.set_body_reader(&pieces);
    StreamMessages messages(kGrpc, request);
    Note note;
    const auto read = read_only(messages, note);
    return read ? note.title() : std::string(name(read.error().code()));
  };
  EXPECT_EQ(only(framed(titled("a"))), "a");
  EXPECT_EQ(only(""), "unimplemented");
  EXPECT_EQ(only(framed("") + framed("")), "unimplemented");
  EXPECT_EQ(only(framed(titled("a")) + "\x01"), "invalid_argument");
}

TEST(BodyMessage, IsAFrameWhereTheProtocolHasThem) {
  const auto read = [](const MessageFormat& format, const std::string& body) -> std::string {
    BodyMessage message(format, body);
    Note note;
    const auto more = message.read(note);
    if (!more) {
      EXPECT_TRUE(message.has_fault());
      return std::string(name(more.error().code()));
    }
    EXPECT_FALSE(value_or_throw(message.read(note)));
    return *more ? note.title() : "none";
  };
  EXPECT_EQ(read(kGrpc, framed(titled("a"))), "a");
  EXPECT_EQ(read(kGrpc, ""), "none");
  EXPECT_EQ(read(kGrpc, "\x01\x02"), "invalid_argument");
  EXPECT_EQ(read(kGrpc, framed("") + framed("")), "unimplemented");
  EXPECT_EQ(read(kGrpc, framed("", 4)), "internal");
  EXPECT_EQ(read(kGrpc, std::string("\0\xff\xff\xff\xff", 5)), "resource_exhausted");
  EXPECT_EQ(read(kConnect, titled("a")), "a");
  EXPECT_EQ(read(kConnect, ""), "");
  EXPECT_EQ(read(kConnect, "\xff"), "invalid_argument");
  MessageFormat packed = kConnect;
  packed.received = Encoding::gzip;
  EXPECT_EQ(read(packed, value_or_throw(gzip(titled("a")))), "a");
  EXPECT_EQ(read(packed, titled("a")), "invalid_argument");
}

// Holds what is written, or breaks.
class Sink final : public http::BodyWriter {
 public:
  Result<void> write(std::string_view bytes) override {
    head.body.append(bytes);
    return {};
  }
  http::Response& response() override { return head; }

  http::Response head;
};

class Answers : public ::testing::Test {
 protected:
  Answers() { request_.start(http::Method::post, "/"); }

  http::Request request_;
  Context context_{request_, "a.B/C", std::nullopt};
};

TEST_F(Answers, AreOneWhereTheMethodDoesNotStream) {
  http::Response response;
  BodyAnswer answer(kGrpc, context_, response);
  EXPECT_TRUE(answer.write(Note()));
  EXPECT_EQ(response.body, framed(""));
  EXPECT_EQ(answer.write(Note()).error().code(), Code::internal);
  EXPECT_EQ(response.body, framed(""));
}

TEST_F(Answers, TakeTheHeadersThatThereAreBeforeTheFirst) {
  Sink sink;
  StreamAnswer answer(kGrpc, context_, sink);
  EXPECT_FALSE(answer.has_begun());
  context_.add_header("x-early", "1");
  EXPECT_TRUE(answer.write(Note()));
  EXPECT_TRUE(answer.has_begun());
  context_.add_header("x-late", "1");
  EXPECT_TRUE(answer.write(Note()));
  EXPECT_TRUE(sink.head.headers.contains("x-early"));
  EXPECT_FALSE(sink.head.headers.contains("x-late"));
  EXPECT_EQ(sink.head.body, framed("") + framed(""));
}

TEST_F(Answers, LeaveTheHeadUnsentWhereTheFirstIsTooLarge) {
  Sink sink;
  StreamAnswer answer(kGrpc, context_, sink);
  Note large;
  large.set_title(std::string(200, 'x'));
  EXPECT_EQ(answer.write(large).error().code(), Code::resource_exhausted);
  EXPECT_FALSE(answer.has_begun());
  EXPECT_EQ(sink.head.body, "");
}

TEST_F(Answers, EndWhenNobodyWaitsForThem) {
  const auto stop = std::make_unique<std::stop_source>();
  request_.set_stop_token(stop->get_token());
  Sink sink;
  StreamAnswer answer(kGrpc, context_, sink);
  EXPECT_TRUE(answer.write(Note()));
  stop->request_stop();
  EXPECT_EQ(answer.write(Note()).error().code(), Code::cancelled);
  EXPECT_EQ(sink.head.body, framed(""));
}

}  // namespace
}  // namespace mcdsl::grpcserver
