#pragma once

/// The counts of the tests in this folder are the real ones. A sanitizer makes every step several times slower, and
/// looks at each the same way: it gets a tenth.
constexpr int scaled(int count) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return count / 10;
#endif
#endif
  return count;
}
