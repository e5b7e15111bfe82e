#include "markdown.h"

#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "highlight.h"
#include "markdown_for_test.h"

namespace mcq {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string html_of(std::string_view text, std::string_view title = "") {
  static const Markdown markdown;
  return markdown.to_html(text, title);
}

TEST(Markdown, ShowsWhatGitHubShows) {
  EXPECT_EQ(html_of("a *b* **c** ~~d~~ `e`"), "<p>a <em>b</em> <strong>c</strong> <del>d</del> <code>e</code></p>\n");
  EXPECT_THAT(html_of("| a | b |\n|---|--:|\n| 1 | 2 |\n"), HasSubstr("<td align=\"right\">2</td>"));
  EXPECT_THAT(html_of("see www.example.org."), HasSubstr("<a href=\"http://www.example.org\">www.example.org</a>."));
  EXPECT_EQ(html_of("- [x] a\n- [ ] b\n"),
            "<ul>\n<li><input type=\"checkbox\" aria-label=\"done\" checked=\"\" disabled=\"\" /> a</li>\n"
            "<li><input type=\"checkbox\" aria-label=\"to do\" disabled=\"\" /> b</li>\n</ul>\n");
}

TEST(Markdown, PutsHeadingsBelowTheTitleAndLeavesOutTheOneThatRepeatsIt) {
  EXPECT_EQ(html_of("# A *title*\n\n## Part\n###### Deep\n", "A title"), "<h3>Part</h3>\n<h6>Deep</h6>\n");
  EXPECT_EQ(html_of("# Another\n", "A title"), "<h2>Another</h2>\n");
  EXPECT_EQ(html_of("## A title\n", "A title"), "<h3>A title</h3>\n");
}

TEST(Markdown, LeavesOutHtml) {
  const std::string html = html_of("<script>alert(1)</script>\n\na <b onclick=x>b</b> <!-- c --> &lt;i&gt;\n");
  EXPECT_THAT(html, Not(HasSubstr("script")));
  EXPECT_THAT(html, Not(HasSubstr("onclick")));
  EXPECT_THAT(html, HasSubstr("&lt;i&gt;"));
}

TEST(Markdown, KeepsOnlyLinksThatLeadSomewhere) {
  for (const std::string url :
       {"https://example.org/a?b=c#d", "http://example.org", "HTTPS://EXAMPLE.ORG", "mailto:a@example.org", "/upload",
        "other", "#part", "?q=a:b", "a/b:c", "//example.org"}) {
    EXPECT_THAT(html_of("[text](" + url + ")"), HasSubstr("<a href=\"" + url + "\">text</a>")) << url;
  }
  for (const std::string url :
       {"javascript:alert(1)", "JaVaScRiPt:alert(1)", "java&#115;cript:alert(1)", "javascript&colon;alert(1)",
        "vbscript:x", "data:text/html,x", "data:image/png;base64,x", "file:///etc/passwd", "blob:x",
        "ftp://example.org", "x:y", "<java\tscript:alert(1)>", "<\x01javascript:alert(1)>", "<  javascript:alert(1)>",
        "&Tab;javascript:alert(1)", "java&NewLine;script:alert(1)", ""}) {
    EXPECT_THAT(html_of("[text](" + url + ")"), Not(HasSubstr("href"))) << url;
    EXPECT_THAT(html_of("[text](" + url + ")"), HasSubstr("text")) << url;
  }
  EXPECT_EQ(html_of("<javascript:alert(1)>"), "<p>javascript:alert(1)</p>\n");
  EXPECT_EQ(html_of("[a **b**][c]\n\n[c]: javascript:x"), "<p>a <strong>b</strong></p>\n");
}

TEST(Markdown, LoadsNoImageAndLinksToIt) {
  EXPECT_EQ(html_of("![a cat](https://example.org/cat.png \"Tom\")"),
            "<p><a href=\"https://example.org/cat.png\" title=\"Tom\">a cat</a></p>\n");
  EXPECT_EQ(html_of("![](cat.png)"), "<p><a href=\"cat.png\">cat.png</a></p>\n");
  EXPECT_EQ(html_of("![a](data:image/png;base64,x)"), "<p>a</p>\n");
  EXPECT_EQ(html_of("![[a](b) c](d.png)"), "<p><a href=\"b\">a</a> c</p>\n");
  EXPECT_EQ(html_of("[![a](b.png)](https://example.org)"), "<p><a href=\"https://example.org\">a</a></p>\n");
}

TEST(Markdown, HighlightsCodeByItsLanguage) {
  EXPECT_EQ(html_of("```cpp\nint a = 1;  // <b>\n```\n"),
            "<pre tabindex=\"0\"><code><span class=\"h-t\">int</span> a = <span class=\"h-n\">1</span>;  "
            "<span class=\"h-c\">// &lt;b&gt;</span>\n</code></pre>\n");
  EXPECT_EQ(html_of("```\n<b>\n```\n"), "<pre tabindex=\"0\"><code>&lt;b&gt;\n</code></pre>\n");
  EXPECT_THAT(html_of("```\"><script>\nx\n```\n"), Not(HasSubstr("script")));
  EXPECT_THAT(html_of("- a\n\n      code\n- [x] ```py\n      def\n      ```\n"), HasSubstr("<code>code"));
}

TEST(Markdown, ShowsAsItWasWrittenWhatIsTooLong) {
  const std::string html = html_of(std::string(Markdown::kMaxBytes, '*') + "<b>");
  EXPECT_THAT(html, HasSubstr("&lt;b&gt;</pre>"));
}

TEST(Markdown, MakesNothingButWhatIsMeantOfHostileTexts) {
  std::vector<std::string> texts{"<img src=x onerror=alert(1)>",
                                 "[a](<javascript:alert(1)>)",
                                 "[a](https://x \"\\\" onmouseover=alert(1) x=\\\"\")",
                                 "[a](https://x/\"onmouseover=alert(1))",
                                 "![\" onerror=\"alert(1)](x)",
                                 "```<script>alert(1)</script>\n</code></pre><script>\n```",
                                 "| <script> | `|` |\n|--|--|\n| <td onclick=x> | ![](javascript:x) |",
                                 "https://x/<script>",
                                 "a@b.c<script>@d",
                                 "<https://x/\" onclick=\"y>",
                                 "- [x] <input onfocus=x autofocus>\n- [ ] `<input type=\"checkbox\" disabled=\"\" />`",
                                 "# <svg/onload=x>\n## \"x\" {onclick=y}",
                                 "<!-- --><script>-->",
                                 "<![CDATA[<script>]]>",
                                 "&#60;script&#62;",
                                 "[a]: javascript:x\n[a] ![a] [![a]][a]",
                                 std::string("\xff\xfe<\xc0\xbc") + "script>",
                                 std::string("nul\0<b>", 7)};
  for (const std::string piece :
       {"[", "![", "*", "**a ", ">", "- ", "`", "<", "&", "|", "~~", "[a](", "\\", "_a", "# ", "1. "}) {
    std::string many;
    while (many.size() < 2000) {
      many += piece;
    }
    texts.push_back(many);
  }
  for (const std::string& text : texts) {
    EXPECT_EQ(why_unsafe(html_of(text, "title")), "") << text << "\n" << html_of(text, "title");
  }
}

TEST(Markdown, ParsesInManyThreads) {
  const std::string text = "~~a~~ www.example.org\n\n| a |\n|---|\n| ~~b~~ |\n";
  const std::string expected = html_of(text);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        ASSERT_EQ(html_of(text), expected);
      }
    });
  }
}

TEST(Markdown, FindsTheTitleOfATextThatBeginsWithOne) {
  EXPECT_EQ(title_of_markdown("\n# A title #\n\ntext"), "A title");
  EXPECT_EQ(title_of_markdown("#A"), "");
  EXPECT_EQ(title_of_markdown("text\n# Later"), "");
  EXPECT_EQ(title_of_markdown("# \n"), "");
  EXPECT_EQ(title_of_markdown("# ###"), "");
  EXPECT_EQ(title_of_markdown(""), "");
}

TEST(Highlight, MarksTheWordsOfEachLanguage) {
  struct Case {
    std::string language;
    std::string text;
    std::string html;
  };
  const std::vector<Case> cases{
      {"cpp", "#include <a>", "<span class=\"h-k\">#include</span> &lt;a&gt;"},
      {"C++", "R\"x(\")\")x\";", "<span class=\"h-s\">R&quot;x(&quot;)&quot;)x&quot;</span>;"},
      {"cc", "1'000 /* a\nb */", "<span class=\"h-n\">1&#39;000</span> <span class=\"h-c\">/* a\nb */</span>"},
      {"h", "'\\'' returned", "<span class=\"h-s\">&#39;\\&#39;&#39;</span> returned"},
      {"go", "func `a\nb`", "<span class=\"h-k\">func</span> <span class=\"h-s\">`a\nb`</span>"},
      {"json", "{\"a\": null, \"b\": -1.5e-3}",
       "{<span class=\"h-s\">&quot;a&quot;</span>: <span class=\"h-t\">null</span>, <span "
       "class=\"h-s\">&quot;b&quot;</span>: "
       "-<span class=\"h-n\">1.5e-3</span>}"},
      {"py", "'''a\nb''' # c\ndef",
       "<span class=\"h-s\">&#39;&#39;&#39;a\nb&#39;&#39;&#39;</span> <span class=\"h-c\"># c</span>\n<span "
       "class=\"h-k\">def</span>"},
      {"sh", "a#b $HOME ${x%y} # c",
       "a#b <span class=\"h-t\">$HOME</span> <span class=\"h-t\">${x%y}</span> <span class=\"h-c\"># c</span>"},
      {"SQL", "SeLeCt 'it''s' -- c",
       "<span class=\"h-k\">SeLeCt</span> <span class=\"h-s\">&#39;it&#39;</span><span "
       "class=\"h-s\">&#39;s&#39;</span> <span class=\"h-c\">-- c</span>"},
      {"sql", "\"open\n", "<span class=\"h-s\">&quot;open</span>\n"},
      {"cpp", "/* open", "<span class=\"h-c\">/* open</span>"},
      {"brainfuck", "<+>", "&lt;+&gt;"},
      {"cpp", "", ""},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(highlight(each.text, each.language), each.html) << each.language;
  }
}

TEST(Highlight, KnowsLanguagesByAllTheirNames) {
  for (const std::string name : {"cpp", "CPP", "c++", "golang", "JSON", "Python", "bash", "sqlite"}) {
    EXPECT_TRUE(can_highlight(name)) << name;
  }
  for (const std::string name : {"", "text", "cppp", "console", "\"><script>"}) {
    EXPECT_FALSE(can_highlight(name)) << name;
  }
}

}  // namespace
}  // namespace mcq
