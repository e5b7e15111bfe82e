#include "mcdsl/web/templates.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/error.h"

namespace mcdsl::web {
namespace {

using ::testing::HasSubstr;
using Files = std::vector<TemplateFile>;

std::string render(const Files& files, const Data& data = Data::object(), std::string_view name = "a") {
  return value_or_throw(Templates{TemplateSource(files)}.render(name, data));
}

std::string render(std::string_view text, const Data& data = Data::object()) {
  return render(Files{{"a", text}}, data);
}

std::string refusal(const Files& files) {
  try {
    const Templates templates{TemplateSource(files)};
    return "taken";
  } catch (const Exception& exception) {
    EXPECT_EQ(exception.error().code(), Code::failed_precondition);
    return exception.error().message();
  }
}

std::string refusal(std::string_view text) {
  return refusal(Files{{"a", text}});
}

Data json(std::string_view text) {
  return value_or_throw(Data::from_json(text));
}

TEST(Templates, FillInVariables) {
  EXPECT_EQ(render("<p>{{a}} {{ b.c }} {{d-e}}</p>", json(R"({"a": "x<", "b": {"c": 1.5}, "d-e": -3})")),
            "<p>x&lt; 1.5 -3</p>");
}

TEST(Templates, LeaveOutWhatIsNull) {
  EXPECT_EQ(render("[{{a}}]", json(R"({"a": null})")), "[]");
}

TEST(Templates, TakeHtmlThatTheProgramMarked) {
  Data data;
  data.set("a", SafeHtml("<b>bold</b>"));
  EXPECT_EQ(render("<p>{{a}}</p>", data), "<p><b>bold</b></p>");
  EXPECT_EQ(render("<p title='{{a}}'></p><title>{{a}}</title>", data),
            "<p title='&lt;b&gt;bold&lt;/b&gt;'></p><title>&lt;b&gt;bold&lt;/b&gt;</title>");
  EXPECT_EQ(render("<svg><text>{{a}}</text></svg>", data), "<svg><text>&lt;b&gt;bold&lt;/b&gt;</text></svg>");
}

TEST(Templates, ChooseByConditions) {
  const auto chosen = [](std::string_view value) {
    return render("{{if a}}yes{{else if b}}other{{else}}no{{end}}",
                  json(R"({"b": false, "a": )" + std::string(value) + "}"));
  };
  EXPECT_EQ(chosen("true"), "yes");
  EXPECT_EQ(chosen("[0]"), "yes");
  EXPECT_EQ(chosen("\"\""), "no");
  EXPECT_EQ(chosen("null"), "no");
  EXPECT_EQ(render("{{if a}}yes{{else if b}}other{{else}}no{{end}}", json(R"({"a": 0, "b": 1})")), "other");
  EXPECT_EQ(render("{{if not a}}no{{end}}", json(R"({"a": 0})")), "no");
}

TEST(Templates, RepeatForEachItem) {
  const std::string_view text = "{{for x in list}}({{x.a}}{{for y in x.inner}}{{y}}{{x.a}}{{else}}-{{end}}){{end}}";
  EXPECT_EQ(render(text, json(R"({"list": [{"a": 1, "inner": ["p", "q"]}, {"a": 2, "inner": []}]})")), "(1p1q1)(2-)");
  EXPECT_EQ(render("{{for x in list}}{{x}}{{else}}none{{end}}", json(R"({"list": []})")), "none");
  EXPECT_EQ(render("{{for x in list}}{{x}}{{else}}none{{end}}", json(R"({"list": null})")), "none");
}

TEST(Templates, SeeThePageFromWithinALoop) {
  EXPECT_EQ(render("{{for x in list}}{{x}}{{token}} {{end}}", json(R"({"list": [1, 2], "token": "t"})")), "1t 2t ");
}

TEST(Templates, PutPagesIntoLayouts) {
  const Files files{
      {"a", "{{layout page}}\n{{# a note }}\n{{block title}}List{{end}}\n{{block body}}{{include b}}{{end}}\n"},
      {"b", "<p>{{x}}</p>"},
      {"page", "<title>{{block title}}Untitled{{end}}</title>{{block body}}{{end}}{{block foot}}foot{{end}}"}};
  const Data data = json(R"({"x": "<"})");
  EXPECT_EQ(render(files, data), "<title>List</title><p>&lt;</p>foot");
  EXPECT_EQ(render(files, data, "b"), "<p>&lt;</p>") << "a part alone, for htmx";
  EXPECT_EQ(render(files, data, "page"), "<title>Untitled</title>foot");
}

TEST(Templates, PutLayoutsIntoLayouts) {
  const Files files{{"a", "{{layout inner}}{{block c}}page{{end}}"},
                    {"inner", "{{layout outer}}{{block body}}[{{block c}}{{end}}]{{end}}{{block title}}inner{{end}}"},
                    {"outer", "<title>{{block title}}outer{{end}}</title>{{block body}}{{end}}"}};
  EXPECT_EQ(render(files), "<title>inner</title>[page]");
}

TEST(Templates, LeaveNoEmptyLinesBehindDirectives) {
  EXPECT_EQ(render("<ul>\n  {{for x in list}}\n  <li>{{x}}\n  {{end}}\n</ul>\n", json(R"({"list": [1, 2]})")),
            "<ul>\n  <li>1\n  <li>2\n</ul>\n");
  EXPECT_EQ(render("a\n{{# gone }}\nb {{if x}}c{{end}} d\n", json(R"({"x": 1})")), "a\nb c d\n");
  EXPECT_EQ(render("{{x}}\n{{x}}\n", json(R"({"x": 1})")), "1\n1\n");
}

TEST(Templates, GiveTheLaterSourceTheName) {
  const Files library{{"login", "library"}, {"other", "{{include login}}"}};
  const Files service{{"login", "service"}};
  const Templates templates({TemplateSource(library), TemplateSource(service)});
  EXPECT_EQ(templates.render("other", Data()), "service");
  EXPECT_TRUE(templates.has("login"));
  EXPECT_FALSE(templates.has("logout"));
}

TEST(Templates, NameFileAndLineOfAMissingVariable) {
  const Files files{{"a", "<p>\n{{include b}}\n</p>"}, {"b", "\n\n{{if t}}{{row.title}}{{end}}"}};
  const Templates templates{TemplateSource(files)};
  const auto error = [&](std::string_view data) { return templates.render("a", json(data)).error(); };
  EXPECT_EQ(error(R"({"t": 1})").message(), "b:3: row.title: the data has no 'row'");
  EXPECT_EQ(error(R"({"t": 1, "row": {}})").message(), "b:3: row.title: the data has no 'title'");
  EXPECT_EQ(error(R"({"t": 1, "row": "x"})").message(), "b:3: row.title: 'title' is looked for in a text");
  EXPECT_EQ(error("{}").message(), "b:3: t: the data has no 't'") << "a condition looks for it as well";
  EXPECT_EQ(error("{}").code(), Code::internal);
  EXPECT_EQ(error("{}").public_text(), Error(Code::internal, "").public_text()) << "no client sees it";
}

TEST(Templates, NameWhatIsOfTheWrongKind) {
  const auto error = [](std::string_view text, std::string_view data) {
    const Files files{{"a", text}};
    return Templates{TemplateSource(files)}.render("a", json(data)).error().message();
  };
  EXPECT_EQ(error("{{x}}", R"({"x": []})"), "a:1: x: want a text or a number, found a list");
  EXPECT_EQ(error("{{for y in x}}{{end}}", R"({"x": "text"})"), "a:1: x: want a list, found a text");
  EXPECT_EQ(error("{{for y in x}}{{y.z}}{{end}}", R"({"x": [{"z": 1}, {}]})"), "a:1: y.z: the data has no 'z'");
}

TEST(Templates, RefuseDirectivesThatAreNone) {
  EXPECT_EQ(refusal("a\n{{"), "a:2: {{ is not closed");
  EXPECT_EQ(refusal("{{}}"), "a:1: {{}} is empty");
  for (const char* text : {"{{a b}}",
                           "{{1}}",
                           "{{a..b}}",
                           "{{.a}}",
                           "{{a.}}",
                           "{{a|b}}",
                           "{{{a}}}",
                           "{{not}}",
                           "{{if}}{{end}}",
                           "{{if a b}}{{end}}",
                           "{{for a of b}}{{end}}",
                           "{{for if in b}}{{end}}",
                           "{{include}}",
                           "{{include ../a}}",
                           "{{include /a}}",
                           "{{asset}}",
                           "{{end x}}",
                           "{{else}}",
                           "{{block b}}{{else}}{{end}}",
                           "{{if a}}{{else}}{{else}}{{end}}",
                           "{{for a in b}}{{else if c}}{{end}}",
                           "{{if a}}{{else x}}{{end}}"}) {
    EXPECT_THAT(refusal(text), HasSubstr("a:1: ")) << text;
  }
}

TEST(Templates, RefuseSectionsThatDoNotMatch) {
  EXPECT_EQ(refusal("\n{{if a}}\n{{for x in b}}{{end}}"), "a:2: this section is not closed: {{end}} is missing");
  EXPECT_EQ(refusal("\n{{end}}"), "a:2: {{end}} without a section that it ends");
  EXPECT_THAT(refusal("{{for x in a}}{{for x in b}}{{end}}{{end}}"), HasSubstr("'x' is the name of a loop around"));
}

TEST(Templates, RefuseWhatDoesNotExist) {
  EXPECT_EQ(refusal("\n{{include b}}"), "a:2: there is no template 'b'");
  EXPECT_EQ(refusal("\n{{layout b}}"), "a:2: there is no template 'b'");
  EXPECT_EQ(refusal("\n{{asset b.css}}"), "a:2: there is no asset 'b.css'");
  EXPECT_EQ(refusal({{"a", "{{layout b}}\n{{block x}}{{end}}"}, {"b", "{{block y}}{{end}}"}}),
            "a:2: no layout has a block 'x'");
}

TEST(Templates, RefuseWhatIncludesItself) {
  EXPECT_EQ(refusal({{"a", "{{include b}}"}, {"b", "\n{{include a}}"}}), "a:1: 'a' includes itself");
  EXPECT_EQ(refusal("{{layout a}}"), "a:1: 'a' includes itself");
  EXPECT_EQ(refusal({{"a", "{{layout b}}{{block x}}{{block x}}{{end}}{{end}}"}, {"b", "{{block x}}{{end}}"}}),
            "a:1: 'x' includes itself");
}

TEST(Templates, RefuseWhatWouldBeLostBesideBlocks) {
  EXPECT_EQ(refusal({{"a", "{{layout b}}\n{{block x}}{{end}}\nlost"}, {"b", "{{block x}}{{end}}"}}),
            "a:3: beside the blocks that fill the layout there is something else");
  EXPECT_THAT(refusal({{"a", "text {{layout b}}"}, {"b", ""}}), HasSubstr("stands once, at the top"));
  EXPECT_THAT(refusal({{"a", "{{layout b}}{{block x}}{{end}}{{block x}}{{end}}"}, {"b", "{{block x}}{{end}}"}}),
              HasSubstr("is there twice"));
  EXPECT_THAT(refusal({{"a", "{{include c}}"}, {"b", ""}, {"c", "{{layout b}}"}}),
              HasSubstr("with a layout of its own"));
}

TEST(Templates, RefuseWhatGrowsWithoutEnd) {
  std::string deep;
  for (int i = 0; i < 40; ++i) {
    deep += "{{if a}}";
  }
  EXPECT_THAT(refusal(deep), HasSubstr("sections stand within each other"));
  std::vector<std::pair<std::string, std::string>> texts;
  for (int i = 0; i < 20; ++i) {
    const std::string next = i == 19 ? "x" : "{{include t" + std::to_string(i + 1) + "}}";
    texts.emplace_back("t" + std::to_string(i), next + next + next + next);
  }
  Files files;
  for (const auto& [name, text] : texts) {
    files.push_back({name, text});
  }
  EXPECT_THAT(refusal(files), HasSubstr("too large"));
}

TEST(Templates, DoNotKnowWhatIsNotThere) {
  const Files files{{"a", ""}};
  const auto page = Templates{TemplateSource(files)}.render("b", Data());
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().message(), "there is no template 'b'");
  EXPECT_EQ(page.error().code(), Code::internal);
}

}  // namespace
}  // namespace mcdsl::web
