#include "mcdsl/base/secret.h"

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

namespace mcdsl {
namespace {

constexpr std::string_view kShort = "hunter2";  // fits into the string object itself
const std::string kLong(200, 's');

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };
static_assert(!Printable<Secret>, "a secret must not be formatted by accident");
static_assert(!std::equality_comparable<Secret>, "a secret must not be compared in variable time by accident");
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>);

TEST(Secret, RevealsItsText) {
  EXPECT_EQ(Secret(std::string(kShort)).reveal(), kShort);
  EXPECT_EQ(Secret(kLong).reveal(), kLong);
  EXPECT_TRUE(Secret().empty());
  EXPECT_FALSE(Secret(kLong).empty());
}

TEST(Secret, MatchesTheSameTextOnly) {
  const Secret secret{std::string(kShort)};
  EXPECT_TRUE(secret.matches(kShort));
  EXPECT_FALSE(secret.matches("hunter3"));
  EXPECT_FALSE(secret.matches("hunter"));
  EXPECT_FALSE(secret.matches(""));
}

TEST(Secret, CopiesAndMoves) {
  const Secret original(kLong);
  Secret copy = original;
  EXPECT_EQ(copy.reveal(), kLong);
  Secret moved = std::move(copy);
  EXPECT_EQ(moved.reveal(), kLong);
  EXPECT_TRUE(copy.empty());  // NOLINT(bugprone-use-after-move): a moved-from secret is empty
  Secret assigned{std::string(kShort)};
  assigned = moved;
  EXPECT_EQ(assigned.reveal(), kLong);
  assigned = Secret(std::string(kShort));
  EXPECT_EQ(assigned.reveal(), kShort);
}

TEST(Secret, SurvivesAssignmentToItself) {
  Secret secret(kLong);
  Secret& same = secret;
  secret = same;
  EXPECT_EQ(secret.reveal(), kLong);
  secret = std::move(same);
  EXPECT_EQ(secret.reveal(), kLong);
}

// Room for a Secret whose bytes can be looked at when the object is gone.
class Room {
 public:
  template <class... Arguments>
  Secret& build(Arguments&&... arguments) {
    return *std::construct_at(reinterpret_cast<Secret*>(bytes_.data()), std::forward<Arguments>(arguments)...);
  }
  [[nodiscard]] bool holds(std::string_view text) const {
    return std::string_view(reinterpret_cast<const char*>(bytes_.data()), bytes_.size()).contains(text);
  }

 private:
  alignas(Secret) std::array<std::byte, sizeof(Secret)> bytes_{};
};

TEST(Secret, LeavesNothingInItsMemoryWhenDestroyed) {
  Room room;
  Secret& secret = room.build(std::string(kShort));
  ASSERT_TRUE(room.holds(kShort));
  std::destroy_at(&secret);
  EXPECT_FALSE(room.holds(kShort));
}

TEST(Secret, LeavesNothingInItsMemoryWhenMovedFrom) {
  Room room;
  Secret& secret = room.build(std::string(kShort));
  const Secret elsewhere = std::move(secret);
  EXPECT_EQ(elsewhere.reveal(), kShort);
  EXPECT_FALSE(room.holds(kShort));
  std::destroy_at(&secret);
}

TEST(Secret, LeavesNothingInItsMemoryWhenAssignedOver) {
  Room room;
  Secret& secret = room.build(std::string(kShort));
  secret = Secret(std::string("x"));
  EXPECT_EQ(secret.reveal(), "x");
  EXPECT_FALSE(room.holds(kShort.substr(2)));
  std::destroy_at(&secret);
}

TEST(Wipe, OverwritesTheWholeCapacity) {
  std::string text = kLong;
  text.resize(3);  // the rest of the old text still stands behind the end
  const std::size_t capacity = text.capacity();
  const char* memory = text.data();
  wipe(text);
  EXPECT_TRUE(text.empty());
  ASSERT_EQ(text.capacity(), capacity);
  text.resize_and_overwrite(capacity, [](char*, std::size_t count) { return count; });
  EXPECT_EQ(text.data(), memory);
  EXPECT_EQ(text, std::string(capacity, '\0'));
}

}  // namespace
}  // namespace mcdsl
