#include "mcdsl/base/function_ref.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace mcdsl {
namespace {

int twice(FunctionRef<int(int)> function, int value) {
  return function(function(value));
}

TEST(FunctionRef, CallsWhatItRefersTo) {
  int calls = 0;
  EXPECT_EQ(twice(
                [&](int value) {
                  ++calls;
                  return value * 3;
                },
                2),
            18);
  EXPECT_EQ(calls, 2);
}

TEST(FunctionRef, PassesArgumentsOnWithoutACopy) {
  const auto take = [](FunctionRef<std::string(std::unique_ptr<std::string>)> function) {
    return function(std::make_unique<std::string>("moved"));
  };
  EXPECT_EQ(take([](std::unique_ptr<std::string> text) { return *text; }), "moved");
}

TEST(FunctionRef, RefersToTheSameCallableWhenItIsCopied) {
  const std::string text = "one";
  const auto callable = [&text] { return std::string(text); };
  const FunctionRef<std::string()> first(callable);
  const FunctionRef<std::string()> second = first;  // NOLINT(performance-unnecessary-copy-initialization): the subject
  EXPECT_EQ(second(), "one");
}

}  // namespace
}  // namespace mcdsl
