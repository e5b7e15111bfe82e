#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/error.h"
#include "mcdsl/testing/temp_dir.h"
#include "mcdsl/web/templates.h"

namespace mcdsl::web {
namespace {

using ::testing::HasSubstr;

// A folder of templates that somebody edits, beside embedded ones.
class Edited {
 public:
  Edited() { edit("list.html", "<p>{{include row.html}}</p>"); }

  // Each edit has a time of its own, whatever the file system's clock can tell.
  void edit(std::string_view name, std::string_view text) {
    const auto file = folder_.write(name, text);
    std::filesystem::last_write_time(file, std::filesystem::file_time_type() + std::chrono::seconds(++edits_));
  }
  void remove(std::string_view name) const { std::filesystem::remove(folder_ / name); }

  [[nodiscard]] TemplatesOptions options() const { return {.reload_from = folder_.path()}; }
  [[nodiscard]] TemplateSource source() const { return files_; }

 private:
  testing::TempDir folder_;
  int edits_ = 0;
  std::vector<TemplateFile> files_{{"row.html", "embedded {{x}}"}, {"list.html", "never"}};
};

Data data() {
  Data data;
  data.set("x", 1);
  return data;
}

TEST(Reload, TakesTheFolderBeforeWhatIsEmbedded) {
  const Edited folder;
  const Templates templates(folder.source(), folder.options());
  EXPECT_EQ(templates.render("list.html", data()), "<p>embedded 1</p>");
}

TEST(Reload, SeesEditsNewFilesAndRemovedOnes) {
  Edited folder;
  const Templates templates(folder.source(), folder.options());
  folder.edit("list.html", "<b>{{x}}</b>");
  EXPECT_EQ(templates.render("list.html", data()), "<b>1</b>");
  folder.edit("new.html", "{{include list.html}}");
  EXPECT_EQ(templates.render("new.html", data()), "<b>1</b>");
  folder.remove("list.html");
  EXPECT_EQ(templates.render("new.html", data()), "never");
}

TEST(Reload, ShowsWhatIsBrokenAndGoesOnWithTheNextEdit) {
  Edited folder;
  const Templates templates(folder.source(), folder.options());
  folder.edit("list.html", "<p>\n<a onclick='{{x}}'>");
  for (int i = 0; i < 2; ++i) {
    const auto broken = templates.render("list.html", data());
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code(), Code::internal);
    EXPECT_THAT(broken.error().public_text(), HasSubstr("list.html:2: a value in the attribute onclick"));
  }
  folder.edit("list.html", "<i>{{x}}</i>");
  EXPECT_EQ(templates.render("list.html", data()), "<i>1</i>");
}

TEST(Reload, ShowsAMissingVariable) {
  const Edited folder;
  const Templates templates(folder.source(), folder.options());
  const auto page = templates.render("list.html", Data::object());
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().public_text(), "row.html:1: x: the data has no 'x'");
}

TEST(Reload, PassesOverWhatEditorsLeaveBehind) {
  Edited folder;
  folder.edit(".#list.html", "{{");
  folder.edit("list.html~", "{{");
  folder.edit("#list.html#", "{{");
  const Templates templates(folder.source(), folder.options());
  EXPECT_EQ(templates.render("list.html", data()), "<p>embedded 1</p>");
}

TEST(Reload, RefusesToStartWithWhatIsBroken) {
  Edited folder;
  folder.edit("list.html", "{{if x}}");
  EXPECT_THROW(Templates(folder.source(), folder.options()), Exception);
}

TEST(Reload, RefusesToStartWithoutItsFolder) {
  const Edited folder;
  EXPECT_THROW(Templates(folder.source(), {.reload_from = folder.options().reload_from / "gone"}), Exception);
}

}  // namespace
}  // namespace mcdsl::web
