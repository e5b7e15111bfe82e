// The escaping of values held against Go's html/template, case by case. escaping_cases.json has the templates,
// escaping_go.json what Go made of them (escaping_go/main.go writes it). Three kinds of cases:
// `refused`: the template is not taken, and this is a part of why; `want`: the output, where ours is stricter than
// Go's; neither: the output is Go's, byte for byte.

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "mcdsl/web/templates.h"

namespace mcdsl::web {
namespace {

using ::testing::HasSubstr;

Data read_json(std::string_view name) {
  return value_or_throw(
      Data::from_json(value_or_throw(read_file(std::string(ESCAPING_CASES "/") + std::string(name)))));
}

std::string text(const Data& object, std::string_view name) {
  const Data* member = object.find(name);
  const auto* text = member == nullptr ? nullptr : std::get_if<std::string>(&member->value());
  return text == nullptr ? std::string() : *text;
}

const Data::List& list(const Data& data) {
  return std::get<Data::List>(data.value());
}

struct Outcome {
  std::string output;
  std::string refused;
};

Outcome render(std::string_view text, const Data& data) {
  const TemplateFile file{.name = "case.html", .text = text};
  try {
    const Templates templates{TemplateSource(&file, 1)};
    return {.output = value_or_throw(templates.render("case.html", data)), .refused = {}};
  } catch (const Exception& exception) {
    return {.output = {}, .refused = exception.error().message()};
  }
}

// No character that could end or divide anything stands in ours more often than in Go's.
bool is_as_strict(std::string_view ours, std::string_view go) {
  return std::ranges::all_of(std::string_view("<>\"'`/?"),
                             [&](char c) { return std::ranges::count(ours, c) <= std::ranges::count(go, c); });
}

void check(const Data& example, const Data& go, const Data& data) {
  const std::string refused = text(example, "refused");
  const Outcome ours = render(text(example, "template"), data);
  if (!refused.empty()) {
    EXPECT_THAT(ours.refused, HasSubstr("case.html:"));
    EXPECT_THAT(ours.refused, HasSubstr(refused)) << ours.output;
    return;
  }
  EXPECT_EQ(ours.refused, "");
  EXPECT_EQ(text(go, "refused"), "") << "Go refuses it: so must we";
  if (example.find("want") == nullptr) {
    EXPECT_EQ(ours.output, text(go, "output"));
  } else {
    EXPECT_EQ(ours.output, text(example, "want"));
    EXPECT_TRUE(is_as_strict(ours.output, text(go, "output"))) << text(go, "output");
  }
}

TEST(Escaping, IsThatOfGoOrStricterInEveryContext) {
  const Data all = read_json("escaping_cases.json");
  const Data answers = read_json("escaping_go.json");
  const Data& cases = *all.find("cases");
  ASSERT_EQ(list(cases).size(), list(answers).size()) << "run escaping_go again";
  std::map<std::string, int> categories;
  for (std::size_t i = 0; i < list(cases).size(); ++i) {
    const Data& example = list(cases)[i];
    const Data& go = list(answers)[i];
    SCOPED_TRACE(text(example, "category") + ": " + text(example, "template"));
    ASSERT_EQ(text(example, "template"), text(go, "template")) << "run escaping_go again";
    check(example, go, *all.find("data"));
    ++categories[text(example, "category")];
  }
  EXPECT_EQ(categories.size(), 15U);
  EXPECT_GE(list(cases).size(), 110U);
}

}  // namespace
}  // namespace mcdsl::web
