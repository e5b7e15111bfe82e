// Where the reader of HTML stops, and what a condition or loop may do to the place it stands in. The contexts
// themselves are held against Go's in tests/web.

#include <array>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/error.h"
#include "mcdsl/web/internal/html_tokens_for_test.h"
#include "mcdsl/web/templates.h"

namespace mcdsl::web {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string refusal(std::string_view text) {
  const TemplateFile file{.name = "a", .text = text};
  try {
    const Templates templates{TemplateSource(&file, 1)};
    return "taken";
  } catch (const Exception& exception) {
    return exception.error().message();
  }
}

std::string render(std::string_view text, std::string_view json) {
  const TemplateFile file{.name = "a", .text = text};
  return value_or_throw(Templates{TemplateSource(&file, 1)}.render("a", value_or_throw(Data::from_json(json))));
}

TEST(Placement, NamesTheLineWithinALongText) {
  EXPECT_THAT(refusal("<p>\n<p>\n<a\nhref=x\"\n>"), StartsWith("a:4: "));
  EXPECT_THAT(refusal("<p>\n{{if a}}\n{{end}}\n\n<![CDATA[]]>"), StartsWith("a:5: "));
  EXPECT_THAT(refusal("<p>\n\n<a title=\""), StartsWith("a:3: the template ends in the attribute title of <a>"));
}

TEST(Placement, RefusesWhatABrowserWouldRepair) {
  for (const char* text : {"<",
                           "<p",
                           "<p ",
                           "<p a",
                           "<p a=",
                           "<p a=>",
                           "<p a=\"",
                           "<p a=\"b\"c>",
                           "<p a=b\"c>",
                           "<p \"a\">",
                           "<p =a>",
                           "<p/a>",
                           "</>",
                           "</p a>",
                           "</ p>",
                           "<!x>",
                           "<?x>",
                           "<!-->",
                           "<!--->",
                           "<!-- ",
                           "<!-- <!-- -->",
                           "<!doctype",
                           "<title>",
                           "<title><b></title>",
                           "<textarea></b></textarea>",
                           "<script>",
                           "<script>'</script>",
                           "<script>/*</script>",
                           "<script>`${</script>",
                           "<script>/a</script>",
                           "<script>'\n'</script>",
                           "<script><!-- </script>",
                           "<style>",
                           "<plaintext>",
                           "<svg>",
                           "</svg>",
                           "<svg></math>",
                           "<svg><p></svg>",
                           "<svg><script></script></svg>",
                           "<svg><style></style></svg>",
                           "<math><annotation-xml></math>",
                           "<svg><foreignObject></foreignObject></svg>",
                           "<script type=a type=b></script>",
                           "<p>\xE2\x80\xA8<script>\xE2\x80\xA8</script>"}) {
    EXPECT_THAT(refusal(text), StartsWith("a:1: ")) << text;
  }
  EXPECT_THAT(refusal(std::string_view("a\0b", 3)), HasSubstr("a NUL"));
}

TEST(Placement, TakesWhatIsWellFormed) {
  for (const char* text :
       {"", "a < b <3", "<p>", "<P A=B c d='e' f = \"g\"/>", "<br/>", "<!-- a -- b > --><!DOCTYPE html>",
        "<style>a > b { c: '</b>' }</style>", "<script>a < b; c = '</b>' // it's\n</script>", "<title>a < b</title>",
        "<svg><title>a</title><path d='x'/><svg/></svg><p>", "<script>if (a) /'/.test(b)</script>",
        "<button @click=\"f()\" x-on:[a]='b'>", "<script>x = a ? /'/ : b / c / d</script>",
        "<script>for (;;) { i++; } return /\"/</script>", "<iframe src='/x'></iframe>", "<noscript><p>a</p></noscript>",
        "<SCRIPT TYPE=text/plain>'</SCRIPT >"}) {
    EXPECT_EQ(refusal(text), "taken") << text;
  }
}

TEST(Placement, AllowsSectionsThatEndWhereTheyBegin) {
  for (const char* text :
       {"<p {{if a}}hidden{{end}}>", "<p {{if a}}hidden{{else}}title='x'{{end}} class='y'>",
        "<p{{if a}} hidden{{end}}>", "<p class='a {{if a}}b{{end}} {{for x in b}}{{x}} {{end}}'>",
        "<style>{{if a}}p { }{{end}}</style>", "<p style='{{if a}}b{{end}}'>",
        "<script>{{if a}}f();{{end}} g('{{if a}}x{{else}}{{b}}{{end}}')</script>", "<title>{{if a}}x{{end}}</title>",
        "<a href='/x{{if a}}?q={{a}}{{end}}'>", "<a href='{{if a}}{{b}}{{else}}{{c}}{{end}}?q={{d}}'>",
        "<script>f([{{for x in b}}{{x}},{{end}}])</script>", "<p {{for x in b}}data-a='{{x}}' {{end}}>"}) {
    EXPECT_EQ(refusal(text), "taken") << text;
  }
}

TEST(Placement, RefusesSectionsThatEndElsewhere) {
  for (const char* text :
       {"<p {{if a}}title='{{end}}'>", "{{if a}}<p{{end}}>", "{{for x in b}}<p title='{{else}}'{{end}}>",
        "{{if a}}<!--{{end}}-->", "<p {{if a}}hidden{{end}}class='x'>", "<p title{{if a}}='x'{{end}}>",
        "<p title={{if a}}'x'{{else}}'y'{{end}}>", "<p title=x{{if a}}y{{end}}>", "<p {{for x in b}}a='{{x}}'{{end}}>",
        "<script>{{if a}}'{{end}}x'</script>", "{{if a}}<script>{{else}}<style>{{end}}",
        "<script {{if a}}type='application/json'{{end}}>1</script>", "<a href='{{if a}}x{{end}}{{b}}'>",
        "<scr{{if a}}ipt{{end}}>", "</p{{if a}}{{end}}>", "<p{{if a}}x{{end}}>",
        "<script>x = a {{if a}}/{{end}} b</script>", "<script>{{if a}}x = {{end}}{{b}}</script>"}) {
    EXPECT_THAT(refusal(text), StartsWith("a:1: ")) << text;
  }
}

TEST(Placement, KnowsTheUrlBehindABranch) {
  EXPECT_EQ(render("<a href='/x{{if a}}?q=1{{end}}&amp;r={{b}}'>", R"({"a": 1, "b": "&/?"})"),
            "<a href='/x?q=1&amp;r=%26%2f%3f'>");
}

TEST(Placement, ReadsValuesOfDifferentItemsAlike) {
  EXPECT_EQ(render("<a href='/x{{for y in l}}/{{y}}{{end}}'>", R"({"l": ["a/b", "..", "?c"]})"),
            "<a href='/x/a%2fb/%ef%bf%bd/%3fc'>");
}

TEST(Placement, KeepsThePageWhateverTheValuesHold) {
  constexpr std::array<std::string_view, 12> kPlaces{"<p>{{v}}</p>",
                                                     "<p title=\"{{v}}\">",
                                                     "<p title='{{v}}'>",
                                                     "<title>{{v}}</title>",
                                                     "<textarea>{{v}}</textarea>",
                                                     "<a href=\"{{v}}\">",
                                                     "<a href='/x?q={{v}}'>",
                                                     "<script>x = '{{v}}'</script>",
                                                     "<script>x = {{v}}</script>",
                                                     "<script type=\"application/json\">{{v}}</script>",
                                                     "<p hx-vals='{\"a\": {{v}} }'>",
                                                     "<form action=\"{{v}}\">"};
  constexpr std::array<std::string_view, 20> kPayloads{"<script>alert(1)</script>",
                                                       "</script><script>alert(1)</script>",
                                                       "\"><img src=x onerror=alert(1)>",
                                                       "'><svg onload=alert(1)>",
                                                       "\" onmouseover=\"alert(1)",
                                                       "' onmouseover='alert(1)",
                                                       "javascript:alert(1)",
                                                       "java\tscript:alert(1)",
                                                       " javascript:alert(1)",
                                                       "data:text/html,<script>alert(1)</script>",
                                                       "</title><script>alert(1)</script>",
                                                       "</textarea><script>alert(1)</script>",
                                                       "<!--<script>",
                                                       "-->",
                                                       "'-alert(1)-'",
                                                       "\\'-alert(1)//",
                                                       "${alert(1)}",
                                                       "\u2028alert(1)",
                                                       "&lt;script&gt;",
                                                       "vbscript:msgbox(1)"};
  for (const std::string_view place : kPlaces) {
    const TemplateFile file{.name = "a", .text = place};
    const Templates templates{TemplateSource(&file, 1)};
    const auto page = [&](std::string_view value) {
      Data data;
      data.set("v", value);
      return value_or_throw(templates.render("a", data));
    };
    for (const std::string_view payload : kPayloads) {
      EXPECT_EQ(internal::structure_of(page(payload)), internal::structure_of(page("x"))) << page(payload);
      if (place.find("=\"{{v}}") != std::string_view::npos && !place.starts_with("<p")) {
        EXPECT_THAT(page(payload), ::testing::Not(HasSubstr("script:"))) << place;
      }
    }
  }
}

}  // namespace
}  // namespace mcdsl::web
