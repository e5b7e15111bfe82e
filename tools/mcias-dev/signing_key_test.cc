#include "tools/mcias-dev/signing_key.h"

#include <set>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "mcdsl/base/file.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcias {
namespace {

using mcdsl::testing::TempDir;
using testing::HasSubstr;

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

std::string refusal(const std::filesystem::path& path) {
  try {
    (void)SigningKey::load_or_create(path);
  } catch (const mcdsl::Exception& problem) {
    return problem.what();
  }
  return "none";
}

TEST(SigningKey, IsMadeOnceAndForItsOwnerOnly) {
  const TempDir dir;
  const auto first = SigningKey::load_or_create(dir / "key.pem");
  EXPECT_EQ(mode_of(dir / "key.pem"), 0600U);
  const auto second = SigningKey::load_or_create(dir / "key.pem");
  EXPECT_EQ(first.jwk(), second.jwk());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1) << "no draft is left behind";
}

TEST(SigningKey, IsTheSameForAllWhoStartAtOnce) {
  const TempDir dir;
  std::vector<std::string> ids(8);
  {
    std::vector<std::jthread> threads;
    for (auto& id : ids) {
      threads.emplace_back([&] { id = SigningKey::load_or_create(dir / "key.pem").jwk().key_id; });
    }
  }
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 1U);
}

TEST(SigningKey, VerifiesItsOwnTokensOnly) {
  const TempDir dir;
  const auto key = SigningKey::load_or_create(dir / "a.pem");
  const auto other = SigningKey::load_or_create(dir / "b.pem");
  const mcdsl::auth::Claims claims{.subject = "s",
                                   .username = "alice",
                                   .roles = {"user"},
                                   .issued_at = {},
                                   .expires_at = std::chrono::sys_days(std::chrono::year(2026) / 1 / 2),
                                   .token_id = "t",
                                   .issuer = "test"};
  const auto token = key.issue(claims);
  EXPECT_EQ(key.verify(token.reveal()), claims);
  EXPECT_FALSE(other.verify(token.reveal()));
  EXPECT_FALSE(key.verify("no.to.ken"));
}

TEST(SigningKey, RefusesAFileThatOthersMayRead) {
  const TempDir dir;
  (void)SigningKey::load_or_create(dir / "key.pem");
  ASSERT_EQ(::chmod((dir / "key.pem").c_str(), 0640), 0);
  EXPECT_THAT(refusal(dir / "key.pem"), HasSubstr("is open to others: chmod 600 it"));
}

TEST(SigningKey, RefusesAFileThatIsNoKeyWithoutQuotingIt) {
  const TempDir dir;
  dir.write("key.pem", "hunter2");
  EXPECT_THAT(refusal(dir / "key.pem"), HasSubstr("the signing key "));
  EXPECT_THAT(refusal(dir / "key.pem"), Not(HasSubstr("hunter2")));
}

TEST(SigningKey, NamesTheFolderThatIsNotThere) {
  const TempDir dir;
  EXPECT_THAT(refusal(dir / "missing/key.pem"), HasSubstr("missing/key.pem"));
}

}  // namespace
}  // namespace mcias
