#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "mcdsl/archive/archive.h"
#include "mcdsl/archive/restore.h"
#include "mcdsl/archive/tree_for_test.h"
#include "mcdsl/testing/temp_dir.h"
#include "tar_builder.h"

namespace mcdsl::archive {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): builders of what every line here is made of
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Case {
  std::string name;
  std::function<std::string()> tar;  // without its end
  std::string said;                  // a part of the error
};

const std::string kNul(1, '\0');

std::string sparse(const std::string& name, const std::string& real_size, const std::string& map, std::string data) {
  const std::string body = padded(map) + data;
  return extended(record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") + record("GNU.sparse.name", name) +
                  record("GNU.sparse.realsize", real_size)) +
         header({.name = "GNUSparseFile.0/x", .size = body.size()}) + padded(body);
}

std::string megabyte_of_names() {
  return extended(record("comment", std::string(1 << 20U, 'c')));
}

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases{
      // Out of the folder by name.
      {"traversal", [] { return file("../outside"); }, "\"..\" is in the path"},
      {"traversal_within", [] { return folder("a") + file("a/../../outside"); }, "\"..\""},
      {"traversal_at_the_end", [] { return folder("a/.."); }, "\"..\""},
      {"traversal_after_dot", [] { return file("./../outside"); }, "\"..\""},
      {"absolute", [] { return file("/tmp/outside"); }, "absolute"},
      {"absolute_folder", [] { return folder("/"); }, "absolute"},
      {"absolute_after_dot", [] { return file(".//tmp/outside"); }, "empty name"},
      {"traversal_by_prefix", [] { return header({.name = "outside", .prefix = ".."}); }, "\"..\""},
      {"absolute_by_prefix", [] { return header({.name = "x", .prefix = "/tmp"}); }, "absolute"},
      {"traversal_by_pax", [] { return pax("path", "../outside") + file("innocent"); }, "\"..\""},
      {"absolute_by_pax", [] { return pax("path", "/tmp/outside") + file("innocent"); }, "absolute"},
      {"traversal_by_long_name", [] { return long_name("../outside") + file("innocent"); }, "\"..\""},
      {"traversal_by_sparse_name", [] { return sparse("../outside", "4", "1\n0\n4\n", "data"); }, "\"..\""},
      // Out of the folder by links.
      {"symbolic_link", [] { return link("l", "file"); }, "symbolic link"},
      {"symbolic_link_outside", [] { return link("l", "/etc"); }, "leads outside"},
      {"symbolic_link_upwards", [] { return link("l", "../outside"); }, "leads outside"},
      {"file_through_link", [] { return link("l", "/tmp") + file("l/outside"); }, "leads outside"},
      {"link_over_file", [] { return file("l") + link("l", "x"); }, "there twice"},
      {"link_by_pax", [] { return pax("linkpath", "/etc/passwd") + link("l", "x"); }, "leads outside"},
      {"link_by_long_link", [] { return long_name("/etc/passwd", 'K') + link("l", "x"); }, "leads outside"},
      {"link_with_data", [] { return header({.name = "l", .type = '2', .link = "x", .size = 4}) + padded("data"); },
       "has data"},
      {"hard_link", [] { return link("l", "file", '1'); }, "a hard link"},
      {"hard_link_outside", [] { return link("l", "/etc/passwd", '1'); }, "a hard link"},
      {"file_with_target", [] { return link("f", "/etc/passwd", '0'); }, "has a target"},
      // What is no file.
      {"character_device", [] { return header({.name = "d", .type = '3'}); }, "a device"},
      {"block_device", [] { return header({.name = "d", .type = '4'}); }, "a device"},
      {"fifo", [] { return header({.name = "f", .type = '6'}); }, "a FIFO"},
      {"contiguous", [] { return header({.name = "f", .type = '7'}); }, "unknown type"},
      {"multi_volume", [] { return header({.name = "f", .type = 'M'}); }, "unknown type"},
      {"old_sparse", [] { return header({.name = "f", .type = 'S'}); }, "sparse"},
      {"unknown_type", [] { return header({.name = "f", .type = 'Z'}); }, "unknown type"},
      // Rights.
      {"set_user_id", [] { return file("f", "x", 04755); }, "set-user-id"},
      {"set_group_id", [] { return file("f", "x", 02755); }, "set-user-id"},
      {"sticky_file", [] { return file("f", "x", 01755); }, "set-user-id"},
      // One name twice, or nearly.
      {"twice", [] { return file("f") + file("f"); }, "there twice"},
      {"twice_with_dot", [] { return file("f") + file("./f"); }, "there twice"},
      {"case_twins", [] { return file("File") + file("fILE"); }, "upper and lower case"},
      {"case_twin_folders", [] { return folder("A") + folder("a"); }, "upper and lower case"},
      {"file_then_folder", [] { return file("f") + folder("f"); }, "there twice"},
      {"file_then_below_it", [] { return file("f") + file("f/g"); }, "f/g"},
      {"folder_then_file", [] { return folder("f") + file("f"); }, "there twice"},
      {"implicit_folder_then_file", [] { return file("f/g") + file("f"); }, "entry f"},
      {"itself_twice", [] { return folder("./") + folder("."); }, "./ is there twice"},
      // Names.
      {"empty_name", [] { return file(""); }, "the name is empty"},
      {"dot_file", [] { return file("."); }, "only a folder"},
      {"dot_slash_file", [] { return file("./"); }, "only a folder"},
      {"dot_within", [] { return file("a/./b"); }, "\".\" is in the path"},
      {"empty_within", [] { return file("a//b"); }, "empty name"},
      {"file_with_slash", [] { return file("a/"); }, "empty name"},
      {"name_of_300_bytes", [] { return pax("path", std::string(300, 'n')) + file("x"); }, "more than 255 bytes"},
      {"path_of_6000_bytes",
       [] {
         std::string path;
         while (path.size() < 6000) {
           path += std::string(199, 'd') + "/";
         }
         return pax("path", path + "f") + file("x");
       },
       "more than 4096 bytes"},
      {"long_name_of_6000_bytes", [] { return long_name(std::string(6000, 'n')) + file("x"); }, "more than 4096"},
      {"too_deep",
       [] {
         std::string path;
         for (int i = 0; i < 40; ++i) {
           path += "d/";
         }
         return pax("path", path + "f") + file("x");
       },
       "names deep"},
      {"bytes_after_the_name", [] { return header({.name = "f" + kNul + "g"}); }, "bytes after its end"},
      // pax.
      {"nul_in_pax_path", [] { return pax("path", "good" + kNul + "/../bad") + file("x"); }, "NUL"},
      {"nul_in_long_name", [] { return long_name("good" + kNul + "bad") + file("x"); }, "bytes after its end"},
      {"path_twice_in_pax", [] { return extended(record("path", "a") + record("path", "b")) + file("x"); }, "twice"},
      {"two_pax_headers", [] { return pax("path", "a") + pax("path", "b") + file("x"); }, "two extended headers"},
      {"two_long_names", [] { return long_name("a") + long_name("b") + file("x"); }, "two extended headers"},
      {"pax_and_long_name", [] { return pax("path", "a") + long_name("b") + file("x"); }, "two ways"},
      {"global_path", [] { return extended(record("path", "a"), 'g') + file("x"); }, "global header"},
      {"global_size", [] { return extended(record("size", "0"), 'g') + file("x"); }, "global header"},
      {"global_between", [] { return pax("path", "a") + extended(record("comment", "c"), 'g') + file("x"); },
       "between"},
      {"pax_without_entry", [] { return pax("path", "a"); }, "does not come"},
      {"pax_length_too_large", [] { return extended("99 path=a\n") + file("x"); }, "malformed"},
      {"pax_length_too_small", [] { return extended("3 path=a\n") + file("x"); }, "malformed"},
      {"pax_length_negative", [] { return extended("-9 path=a\n") + file("x"); }, "malformed"},
      {"pax_without_equals", [] { return extended("7 path\n") + file("x"); }, "malformed"},
      {"pax_without_key", [] { return extended(record("", "x")) + file("x"); }, "malformed"},
      {"pax_unknown_key", [] { return pax("pat", "x") + file("x"); }, "unknown"},
      {"pax_size_huge", [] { return pax("size", "99999999999999999999") + file("x"); }, "not a number"},
      {"pax_size_shorter", [] { return pax("size", "0") + file("f", std::string(512, 'x')); }, "something else"},
      {"pax_of_a_megabyte", [] { return megabyte_of_names() + file("x"); }, "extended header has"},
      {"pax_empty", [] { return extended("") + file("x"); }, "extended header has"},
      {"unknown_charset", [] { return pax("hdrcharset", "EBCDIC") + file("x"); }, "character set"},
      // Sizes.
      {"eight_tebibytes",
       [] { return header({.name = "f", .raw_size = "\x80" + std::string(5, '\0') + "\x08" + std::string(5, '\0')}); },
       "more than 1099511627776 bytes"},
      {"eight_tebibytes_by_pax", [] { return pax("size", "8796093022208") + file("x"); }, "more than"},
      {"eight_tebibytes_of_hole", [] { return sparse("f", "8796093022208", "0\n", ""); }, "more than"},
      {"negative_size", [] { return header({.name = "f", .raw_size = std::string(12, '\xff')}); }, "not a number"},
      {"size_that_is_no_number", [] { return header({.name = "f", .raw_size = "0000000zzzz"}); }, "not a number"},
      {"folder_with_data", [] { return header({.name = "d", .type = '5', .size = 4}) + padded("data"); }, "has data"},
      {"shorter_than_it_says", [] { return header({.name = "f", .size = 100'000}) + padded("data"); }, "cut short"},
      {"sparse_map_overlaps", [] { return sparse("f", "99", "2\n0\n4\n2\n4\n", "datadata"); }, "map"},
      {"sparse_map_beyond", [] { return sparse("f", "3", "1\n0\n4\n", "data"); }, "map"},
      {"sparse_map_of_other_size", [] { return sparse("f", "99", "1\n0\n9\n", "data"); }, "map"},
      {"sparse_map_without_end", [] { return sparse("f", "99", std::string(512, '1'), "data"); }, "map"},
      {"sparse_map_of_a_million", [] { return sparse("f", "99", "1000000\n", ""); }, "too many holes"},
      {"sparse_folder",
       [] { return extended(record("GNU.sparse.major", "1") + record("GNU.sparse.name", "d")) + folder("d"); },
       "sparse"},
      // Headers and ends.
      {"bad_checksum", [] { return header({.name = "f", .bad_checksum = true}); }, "checksum"},
      {"no_magic", [] { return header({.name = "f", .magic = std::string(8, '\0')}); }, "not a tar"},
      {"after_the_end", [] { return file("f") + std::string(1024, '\0') + file("g"); }, "follows"},
      {"one_zero_block", [] { return file("f") + std::string(512, '\0') + file("g"); }, "follows its end"},
      // Ours.
      {"manifest_of_nothing", [] { return file("f") + file(".mcdsl-manifest", ""); }, "end is missing"},
      {"manifest_that_lies", [] { return file(".mcdsl-manifest", "{}\n"); }, "end is missing"},
      {"manifest_is_a_folder", [] { return folder(".mcdsl-manifest"); }, "cannot be a manifest"},
      {"entry_after_the_manifest", [] { return file(".mcdsl-manifest", "{}") + file("f"); }, "after the manifest"},
      {"damaged_database", [] { return file("a.db", "SQLite format 3" + kNul + std::string(5000, 'x')); },
       "a.db is damaged"},
  };
  return kCases;
}

class Hostile : public ::testing::Test {
 protected:
  Hostile() {
    put(root_ / "notes" / "file", "what was there");
    put(root_ / "notes" / "backups" / "b", "a backup");
    put(root_ / "outside", "next to it");
    put(root_ / "a.tar.zst", "");
  }

  // Tries every way of reading it; nothing may change anywhere.
  void expect_refused(const std::string& archive, const std::string& said, const Limits& limits = {}) {
    put(root_ / "a.tar.zst", archive);
    const Tree before = tree_of(root_.path());
    const auto restored = restore(root_ / "a.tar.zst", root_ / "notes", {.limits = limits});
    ASSERT_FALSE(restored) << "it was taken";
    EXPECT_THAT(restored.error().to_string(), HasSubstr(said));
    EXPECT_FALSE(restore(root_ / "a.tar.zst", root_ / "new place", {.limits = limits}));
    EXPECT_FALSE(verify(root_ / "a.tar.zst", {.limits = limits}));
    EXPECT_FALSE(extract(root_ / "a.tar.zst", "f", root_ / "extracted", limits));
    EXPECT_TRUE(tree_of(root_.path()) == before) << "something was left";
  }

  mcdsl::testing::TempDir root_;
};

class HostileEntries : public Hostile, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(HostileEntries, AreRefusedAndLeaveNothing) {
  const Case& one = cases()[GetParam()];
  // After entries that are good, so that there is something to be taken away again.
  expect_refused(packed(folder("./") + file("good") + folder("sub") + file("sub/file") + one.tar() + end_of_tar()),
                 one.name == "itself_twice" || one.name == "no_magic" ? "" : one.said);
  if (one.name != "itself_twice") {
    expect_refused(packed(one.tar() + end_of_tar()), one.said);
  }
}

INSTANTIATE_TEST_SUITE_P(Archive, HostileEntries, ::testing::Range<std::size_t>(0, cases().size()),
                         [](const auto& one) { return cases()[one.param].name; });

TEST_F(Hostile, ThatIsEmptyOrNoZstdIsRefused) {
  expect_refused("", "not an archive");
  expect_refused("hello", "not an archive");
  expect_refused(file("f") + end_of_tar(), "not an archive");
  expect_refused(packed(""), "cut short");
  expect_refused(packed(file("f") + end_of_tar()) + "tail", "something follows its end");
}

TEST_F(Hostile, ThatUnpacksToTenGibibytesStopsAtTheCap) {
  // Frames of 64 MiB of zeros, one after the other: 330 KB in all.
  const std::string zeros = packed(std::string(64 << 20U, '\0'));
  std::string archive = packed(header({.name = "bomb", .size = std::uint64_t{10} << 30U}));
  for (int i = 0; i < 160; ++i) {
    archive += zeros;
  }
  archive += packed(end_of_tar());
  ASSERT_LT(archive.size(), 1'500'000);
  expect_refused(archive, "times its size");
  const mcdsl::testing::TempDir disk;
  if (::mount("tmpfs", disk.path().c_str(), "tmpfs", 0, "size=300m") != 0) {
    GTEST_SKIP() << "no privilege to mount a small disk";
  }
  put(disk / "a.tar.zst", archive);
  std::string said;
  try {
    const auto restored = restore(disk / "a.tar.zst", disk / "new");
    said = restored ? "it was taken" : restored.error().to_string();
  } catch (const Exception& problem) {
    said = problem.what();
  }
  EXPECT_THAT(said, HasSubstr("No space left")) << "asked before it is full";
  EXPECT_THAT(std::filesystem::space(disk.path()).available, ::testing::Gt(290U << 20U));
  ::umount(disk.path().c_str());
}

TEST_F(Hostile, OfTenMillionEntriesStopsAtTheCap) {
  std::string names;
  for (int i = 0; i < 20'000; ++i) {
    names += header({.name = "n" + std::to_string(i)});
  }
  const std::string frame = packed(names);
  std::string archive;
  for (int i = 0; i < 500; ++i) {
    archive += frame;
  }
  archive += packed(end_of_tar());
  expect_refused(archive, "entry n10000: the archive has more than 10000 entries", {.max_entries = 10'000});
}

TEST_F(Hostile, ThatRefersFarBackIsRefusedBeforeTheMemoryIsTaken) {
  const std::string tar = file("f", noise(100'000, 1)) + end_of_tar();
  expect_refused(packed(tar, 3, 27), "window");
  expect_refused(packed(tar, 3, 30), "window");
  put(root_ / "a.tar.zst", packed(tar, 3, 25));
  EXPECT_TRUE(restore(root_ / "a.tar.zst", root_ / "new place"));
}

TEST_F(Hostile, LinksThatStayInsideOnlyByTheirLookAreRefused) {
  // "a" leads to the folder itself; "b/a/.." would be outside of it.
  put(root_ / "a.tar.zst", packed(folder("b") + link("b/a", "..") + link("c", "b/a/../x") + end_of_tar()));
  const auto refused = restore(root_ / "a.tar.zst", root_ / "new place", {.links = true});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("entry c: the link leads outside"));
  // Nothing is written through a link, not even through one that stays inside.
  put(root_ / "a.tar.zst", packed(folder("b") + link("l", "b") + file("l/f") + end_of_tar()));
  EXPECT_FALSE(restore(root_ / "a.tar.zst", root_ / "new place", {.links = true}));
  EXPECT_FALSE(std::filesystem::exists(root_ / "new place"));
}

}  // namespace
}  // namespace mcdsl::archive
