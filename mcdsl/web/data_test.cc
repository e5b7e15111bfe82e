#include "mcdsl/web/data.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/error.h"

namespace mcdsl::web {
namespace {

using ::testing::HasSubstr;

template <class T>
const T& as(const Data* data) {
  return std::get<T>(data->value());
}

struct Tag {
  std::string name;
  void show(Fields& fields) const { fields.add("name", name); }
};

struct Row {
  int id = 7;
  std::optional<std::string> note;
  std::vector<Tag> tags;
  void show(Fields& fields) const {
    fields.add("id", id);
    fields.add("note", note);
    fields.add("tags", tags);
    fields.add("id", id + 1);
  }
};

TEST(Data, IsMadeOfPlainStructs) {
  const Data data = Row{.note = std::nullopt, .tags = {{"a"}, {"b"}}};
  EXPECT_EQ(as<std::int64_t>(data.find("id")), 8) << "the later of two values stays";
  EXPECT_TRUE(std::holds_alternative<std::monostate>(data.find("note")->value()));
  EXPECT_EQ(as<std::string>(as<Data::List>(data.find("tags"))[1].find("name")), "b");
  EXPECT_EQ(data.find("other"), nullptr);
}

TEST(Data, TakesTheTypesOfPrograms) {
  EXPECT_EQ(std::get<bool>(Data(true).value()), true);
  EXPECT_EQ(std::get<std::int64_t>(Data(std::int8_t{-3}).value()), -3);
  EXPECT_EQ(std::get<std::uint64_t>(Data(std::uint64_t{1} << 63U).value()), std::uint64_t{1} << 63U);
  EXPECT_EQ(std::get<double>(Data(0.5).value()), 0.5);
  EXPECT_EQ(std::get<std::string>(Data("text").value()), "text");
  EXPECT_EQ(std::get<SafeHtml>(Data(SafeHtml("<b>")).value()).html(), "<b>");
  EXPECT_EQ(std::get<std::string>(Data(std::optional<std::string>("a")).value()), "a");
  const Data map = std::map<std::string, int>{{"a", 1}, {"b", 2}};
  EXPECT_EQ(as<std::int64_t>(map.find("b")), 2);
}

TEST(Data, NullBecomesWhatIsPutIntoIt) {
  Data data;
  data["user"].set("name", "kyle");
  data["rows"].push_back(1);
  data["rows"].push_back(2);
  EXPECT_EQ(as<std::string>(data.find("user")->find("name")), "kyle");
  EXPECT_EQ(as<Data::List>(data.find("rows")).size(), 2U);
}

TEST(Data, RefusesToPutIntoWhatIsNoContainer) {
  Data text = "text";
  EXPECT_THROW(text.set("a", 1), Exception);
  EXPECT_THROW(text.push_back(1), Exception);
  Data list = Data::list();
  EXPECT_THROW(list.set("a", 1), Exception);
  Data object = Data::object();
  EXPECT_THROW(object.push_back(1), Exception);
}

TEST(Data, TellsTruthAsConditionsDo) {
  for (const Data& data :
       {Data(), Data(false), Data(0), Data(0U), Data(0.0), Data(""), Data(SafeHtml("")), Data::list()}) {
    EXPECT_FALSE(data.truth()) << data.value().index();
  }
  for (const Data& data : {Data(true), Data(-1), Data(1U), Data(0.1), Data("0"), Data(SafeHtml("x")), Data::object(),
                           Data(Data::List{Data()})}) {
    EXPECT_TRUE(data.truth()) << data.value().index();
  }
}

TEST(Data, ReadsJson) {
  const auto data = Data::from_json(R"({"a": [1, -2, 0.5, "<b>", true, null, {}], "o": {"p": {"q": []}}, "z": 0})");
  ASSERT_TRUE(data);
  const auto& list = as<Data::List>(data->find("a"));
  ASSERT_EQ(list.size(), 7U);
  EXPECT_EQ(std::get<std::uint64_t>(list[0].value()), 1U);
  EXPECT_EQ(std::get<std::int64_t>(list[1].value()), -2);
  EXPECT_EQ(std::get<double>(list[2].value()), 0.5);
  EXPECT_EQ(std::get<std::string>(list[3].value()), "<b>") << "text, whatever it looks like";
  EXPECT_TRUE(std::holds_alternative<Data::Object>(list[6].value()));
  EXPECT_TRUE(std::holds_alternative<Data::List>(data->find("o")->find("p")->find("q")->value()));
  EXPECT_EQ(as<std::uint64_t>(data->find("z")), 0U);
}

TEST(Data, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "[1,]", "{\"a\":1,\"a\":2}", "\"\xff\""}) {
    const auto data = Data::from_json(text);
    ASSERT_FALSE(data) << text;
    EXPECT_EQ(data.error().code(), Code::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace mcdsl::web
