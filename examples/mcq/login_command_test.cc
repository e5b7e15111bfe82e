#include "login_command.h"

#include <fstream>
#include <queue>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "mcdsl/auth/authenticator.h"
#include "mcdsl/base/file.h"
#include "mcdsl/testing/fake_mcias.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcq {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class LoginCommand : public ::testing::Test {
 protected:
  LoginCommand() {
    mcias_.add_user("alice", "alice's password", {"user"});
    config_.mcias = mcias_.settings("mcq");
  }

  Console console() {
    return {.out = out_,
            .err = err_,
            .ask =
                [this](std::string_view prompt) {
                  prompts_.emplace_back(prompt);
                  return take();
                },
            .ask_secret =
                [this](std::string_view prompt) {
                  prompts_.emplace_back(prompt);
                  return mcdsl::Secret(take());
                },
            .read_line = [this] { return mcdsl::Secret(take()); },
            .token_file = token_file_};
  }

  std::string take() {
    if (answers_.empty()) {
      ADD_FAILURE() << "nothing more was to be asked";
      return "";
    }
    std::string answer = answers_.front();
    answers_.pop();
    return answer;
  }

  int login(const std::vector<std::string>& arguments, const std::vector<std::string>& answers) {
    for (const std::string& answer : answers) {
      answers_.push(answer);
    }
    return run_login_command(arguments, config_, console());
  }

  int logout() { return run_logout_command({}, config_, console()); }

  [[nodiscard]] std::string token() const {
    auto text = mcdsl::read_file(token_file_).value();
    EXPECT_TRUE(text.ends_with('\n'));
    text.pop_back();
    return text;
  }

  [[nodiscard]] bool is_good(const std::string& token) const {
    return mcdsl::auth::Authenticator(config_.mcias).verify(token).has_value();
  }

  mcdsl::testing::TempDir folder_;
  mcdsl::testing::FakeMcias mcias_;
  Config config_;
  std::filesystem::path token_file_ = folder_ / "state" / "mcq" / "token";
  std::ostringstream out_;
  std::ostringstream err_;
  std::queue<std::string> answers_;
  std::vector<std::string> prompts_;
};

TEST_F(LoginCommand, AsksAndKeepsTheTokenWhereNobodyElseReadsIt) {
  ASSERT_EQ(login({}, {"alice", "alice's password", ""}), 0) << err_.str();
  EXPECT_THAT(prompts_, ElementsAre("User: ", "Password: ", "One-time code, if you have one: "));
  EXPECT_TRUE(is_good(token()));
  struct stat status{};
  ASSERT_EQ(::stat(token_file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat(token_file_.parent_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  EXPECT_THAT(out_.str(), HasSubstr("logged in as alice until 20"));
  EXPECT_THAT(out_.str(), Not(HasSubstr(token())));
}

TEST_F(LoginCommand, TakesThePasswordFromStandardInputOrAFile) {
  ASSERT_EQ(login({"--user", "alice", "--password-stdin"}, {"alice's password"}), 0) << err_.str();
  const std::string first = token();
  EXPECT_THAT(prompts_, IsEmpty());
  mcdsl::write_file_atomically(folder_ / "password", "alice's password\n");
  ASSERT_EQ(login({"--user", "alice", "--password-file", folder_ / "password"}, {}), 0) << err_.str();
  EXPECT_NE(token(), first);
  EXPECT_THAT(prompts_, IsEmpty());
}

TEST_F(LoginCommand, RefusesAPasswordFileThatOthersMayRead) {
  mcdsl::write_file_atomically(folder_ / "password", "alice's password\n", 0644);
  EXPECT_THROW((void)login({"--user", "alice", "--password-file", folder_ / "password"}, {}), mcdsl::Exception);
  EXPECT_FALSE(std::filesystem::exists(token_file_));
}

TEST_F(LoginCommand, SendsTheOneTimeCode) {
  mcias_.require_totp("alice", "123456");
  EXPECT_EQ(login({}, {"alice", "alice's password", ""}), 1);
  EXPECT_EQ(login({}, {"alice", "alice's password", "123456"}), 0) << err_.str();
  EXPECT_EQ(login({"--user", "alice", "--password-stdin", "--totp-stdin"}, {"alice's password", "123456"}), 0)
      << err_.str();
}

TEST_F(LoginCommand, KeepsNothingOfALoginThatIsRefused) {
  EXPECT_EQ(login({}, {"alice", "wrong", ""}), 1);
  EXPECT_THAT(err_.str(), Not(HasSubstr("wrong\n")));
  mcias_.deny("alice", "mcq");
  EXPECT_EQ(login({}, {"alice", "alice's password", ""}), 1);
  mcias_.go_down();
  EXPECT_EQ(login({}, {"alice", "alice's password", ""}), 1);
  EXPECT_FALSE(std::filesystem::exists(token_file_));
}

TEST_F(LoginCommand, RefusesAWrongCommandLine) {
  EXPECT_EQ(login({"--password-stdin"}, {}), 64);
  EXPECT_EQ(login({"--user", "alice", "--password-stdin", "--password-file", "x"}, {}), 64);
  EXPECT_EQ(login({"--passwort"}, {}), 64);
  EXPECT_EQ(login({"--help"}, {}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("--password-file"));
}

TEST_F(LoginCommand, RevokesTheTokenAtLogout) {
  ASSERT_EQ(login({"--user", "alice", "--password-stdin"}, {"alice's password"}), 0) << err_.str();
  const std::string old = token();
  ASSERT_TRUE(is_good(old));
  mcias_.go_down();
  EXPECT_EQ(logout(), 1) << "a token that is good still is not forgotten";
  EXPECT_TRUE(std::filesystem::exists(token_file_));
  mcias_.come_back();
  EXPECT_EQ(logout(), 0) << err_.str();
  EXPECT_FALSE(std::filesystem::exists(token_file_));
  EXPECT_FALSE(is_good(old));
  EXPECT_EQ(logout(), 0);
  EXPECT_THAT(out_.str(), HasSubstr("not logged in"));
}

}  // namespace
}  // namespace mcq
