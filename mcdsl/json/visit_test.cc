#include "mcdsl/json/visit.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/json/writer.h"

namespace mcdsl::json {
namespace {

// Writes down what it is told, which gives the document again.
class Echo final : public Visitor {
 public:
  void null() override { out_.null(); }
  void boolean(bool truth) override { out_.value(truth); }
  void negative(std::int64_t number) override { out_.value(number); }
  void natural(std::uint64_t number) override { out_.value(number); }
  void real(double number) override { out_.value(number); }
  void string(std::string_view text) override { out_.value(text); }
  void key(std::string_view name) override { out_.key(name); }
  void begin_object() override { out_.begin_object(); }
  void end_object() override { out_.end_object(); }
  void begin_array() override { out_.begin_array(); }
  void end_array() override { out_.end_array(); }

  [[nodiscard]] std::string_view view() const { return out_.view(); }

 private:
  Writer out_;
};

std::string echo(std::string_view text) {
  Echo echo;
  const auto read = visit(text, echo);
  return read ? std::string(echo.view()) : read.error().message();
}

TEST(Visit, TellsEveryValueInItsPlace) {
  for (const char* text : {"null", "true", "-1", "18446744073709551615", "0.5", R"("a")", "[]", "{}", "[[],[[]],{}]",
                           R"({"a":[1,{"b":{}}],"c":{"d":[],"e":null},"f":"g"})", R"([{"a":1},{"a":2},[3,[4]],5])"}) {
    EXPECT_EQ(echo(text), text);
  }
}

TEST(Visit, TellsNothingOfADocumentThatIsRefused) {
  for (const char* text : {"", "[1", "[1,]", R"({"a":1,"a":2})", "\"\xff\"", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1"}) {
    Echo echo;
    const auto read = visit(text, echo);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code(), Code::invalid_argument) << text;
    EXPECT_EQ(echo.view(), "") << text;
  }
}

}  // namespace
}  // namespace mcdsl::json
