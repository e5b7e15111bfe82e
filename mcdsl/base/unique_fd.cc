#include "mcdsl/base/unique_fd.h"

#include <unistd.h>

namespace mcdsl {

void UniqueFd::reset(int fd) noexcept {
  if (fd_ >= 0) {
    ::close(fd_);  // an error here cannot be acted on; whoever needs durability calls fsync first
  }
  fd_ = fd;
}

}  // namespace mcdsl
