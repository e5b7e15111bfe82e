// Templates and assets as the build embeds them, held against the files they came from.

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <zlib.h>
#include <zstd.h>

#include "mcdsl/base/file.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/testing/temp_dir.h"
#include "mcdsl/web/templates.h"
#include "web_embed_test_assets.h"
#include "web_embed_test_templates.h"

namespace mcdsl::web_embed {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string file(std::string_view name) {
  return value_or_throw(read_file(std::string(TESTDATA "/") + std::string(name)));
}

const web::AssetFile& asset(std::string_view name) {
  return *std::ranges::find(embed_test::assets(), name, &web::AssetFile::name);
}

struct Ended {
  int status;
  std::string output;
};

Ended run(const std::string& arguments) {
  std::FILE* pipe = ::popen((std::string(EMBED) + " " + arguments + " 2>&1").c_str(), "r");
  std::string output;
  std::array<char, 512> piece{};
  while (std::fgets(piece.data(), static_cast<int>(piece.size()), pipe) != nullptr) {
    output += piece.data();
  }
  return {WEXITSTATUS(::pclose(pipe)), output};
}

TEST(WebEmbed, KeepsEveryByteOfATemplate) {
  std::vector<std::string> names;
  for (const web::TemplateFile& embedded : embed_test::templates()) {
    names.emplace_back(embedded.name);
    EXPECT_EQ(embedded.text, file("templates/" + std::string(embedded.name)));
  }
  EXPECT_THAT(names, ElementsAre("page.html", "list.html", "parts/row.html"));
}

TEST(WebEmbed, KeepsEveryByteOfAnAsset) {
  ASSERT_EQ(embed_test::assets().size(), 4U);
  for (const web::AssetFile& embedded : embed_test::assets()) {
    EXPECT_EQ(embedded.bytes, file("assets/" + std::string(embedded.name))) << embedded.name;
  }
}

TEST(WebEmbed, NamesAnAssetByItsHash) {
  const std::string hash = crypto::to_hex(crypto::sha256(file("assets/app.css"))).substr(0, 16);
  EXPECT_EQ(asset("app.css").hashed_name, "app." + hash + ".css");
}

TEST(WebEmbed, TellsWhatAnAssetIs) {
  EXPECT_EQ(asset("app.css").content_type, "text/css; charset=utf-8");
  EXPECT_EQ(asset("logo.svg").content_type, "image/svg+xml");
  EXPECT_EQ(asset("bytes.bin").content_type, "application/octet-stream");
}

TEST(WebEmbed, PacksWhatBecomesShorter) {
  const web::AssetFile& css = asset("app.css");
  std::string unpacked(css.bytes.size(), '\0');
  EXPECT_EQ(ZSTD_decompress(unpacked.data(), unpacked.size(), css.zstd.data(), css.zstd.size()), css.bytes.size());
  EXPECT_EQ(unpacked, css.bytes);

  std::string input(css.gzip);
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  std::ranges::fill(unpacked, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(unpacked.data());
  stream.avail_out = static_cast<uInt>(unpacked.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  inflateEnd(&stream);
  EXPECT_EQ(unpacked, css.bytes);

  EXPECT_EQ(asset("empty.txt").gzip, "");
  EXPECT_EQ(asset("bytes.bin").zstd, "") << "such a file is packed already, if it can be";
}

TEST(WebEmbed, PutsPagesTogether) {
  const web::Assets assets(embed_test::assets());
  const web::Templates templates(embed_test::templates(), {.assets = &assets});
  web::Data row;
  row.set("name", "<a>");
  web::Data data;
  data["rows"].push_back(row);
  EXPECT_EQ(value_or_throw(templates.render("list.html", data)),
            "<!doctype html>\n<title>Notes</title>\n<link rel=\"stylesheet\" href=\"" + assets.url("app.css") +
                "\">\n<p title=\"\\ \\? ?\?= é\">&lt;a&gt;</p>\n\n");
}

TEST(WebEmbed, FailsTheBuildForATemplateThatIsNotSafe) {
  const testing::TempDir out;
  const Ended ended = run("templates x templates " + (out / "made").string() + " " TESTDATA "/broken broken.html");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.output, HasSubstr(TESTDATA "/broken/broken.html:2: a value in the attribute onclick"));
  EXPECT_FALSE(std::filesystem::exists(out / "made.cc"));
}

TEST(WebEmbed, FailsTheBuildForAFileThatIsMissing) {
  const testing::TempDir out;
  const Ended ended = run("assets x assets " + (out / "made").string() + " " TESTDATA "/assets gone.css");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.output, HasSubstr("gone.css"));
}

}  // namespace
}  // namespace mcdsl::web_embed
