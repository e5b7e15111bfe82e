#include "mcdsl/web/htmx.h"

#include <gtest/gtest.h>

namespace mcdsl::web {
namespace {

// Of a build without htmx, too: a template that names the asset must not be refused there.
TEST(Htmx, IsOneScript) {
  const AssetSource files = htmx();
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files.front().name, "htmx.js");
  EXPECT_TRUE(files.front().content_type.starts_with("text/javascript"));
  EXPECT_NO_THROW((void)Assets(files).url("htmx.js"));
}

}  // namespace
}  // namespace mcdsl::web
