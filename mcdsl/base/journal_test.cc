#include "mcdsl/base/journal.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcdsl/testing/manual_clock.h"

namespace mcdsl::log {
namespace {

class StringSink final : public Sink {
 public:
  void write(Level /*level*/, std::string_view line) noexcept override { text.append(line); }
  std::string text;
};

TEST(JournalSink, PutsTheLevelBeforeEachLineAsTheJournalReadsIt) {
  const auto text = std::make_shared<StringSink>();
  const testing::ManualClock clock;
  const Logger logger(std::make_shared<JournalSink>(text), Format::logfmt, clock);
  logger.set_level(Level::debug);
  logger.debug("a");
  logger.info("b");
  logger.warn("c");
  logger.error("d");
  const std::string time = "time=2026-01-01T00:00:00Z level=";
  EXPECT_EQ(text->text, "<7>" + time + "debug msg=a\n<6>" + time + "info msg=b\n<4>" + time + "warn msg=c\n<3>" + time +
                            "error msg=d\n");
}

TEST(IsJournal, KnowsTheStreamByItsDeviceAndInode) {
  struct stat status{};
  ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
  const std::string ours = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  EXPECT_TRUE(is_journal(STDERR_FILENO, ours));
  EXPECT_FALSE(is_journal(STDERR_FILENO, ours + "1")) << "redirected since systemd started us";
  EXPECT_FALSE(is_journal(STDERR_FILENO, ""));
  EXPECT_FALSE(is_journal(-1, ours));
}

}  // namespace
}  // namespace mcdsl::log
