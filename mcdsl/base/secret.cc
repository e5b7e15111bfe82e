#include "mcdsl/base/secret.h"

#include <cstring>
#include <utility>

#include "mcdsl/base/bytes.h"

namespace mcdsl {

void wipe(std::string& text) noexcept {
  text.resize(text.capacity());  // what stands between size and capacity may be an older, longer secret
  explicit_bzero(text.data(), text.size());
  text.clear();
}

Secret::Secret(std::string text) {
  text_.assign(text);
  wipe(text);
}

Secret::Secret(Secret&& other) noexcept {
  *this = std::move(other);
}

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    *this = Secret(other);
  }
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe(text_);  // first: a swap of short texts leaves the end of the longer one where it was
    text_.swap(other.text_);
    wipe(other.text_);
  }
  return *this;
}

Secret::~Secret() {
  wipe(text_);
}

bool Secret::matches(std::string_view candidate) const noexcept {
  return constant_time_equal(text_, candidate);
}

}  // namespace mcdsl
