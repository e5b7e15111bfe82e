#include "mcdsl/net/internal/body_source.h"

#include <algorithm>
#include <cerrno>

#include <unistd.h>

namespace mcdsl::net {

BodySource::Status BodySource::pull(std::size_t limit, std::string& out) {
  return pipe_ != nullptr ? pull_pipe(limit, out) : pull_file(limit, out);
}

BodySource::Status BodySource::pull_file(std::size_t limit, std::string& out) {
  if (!file_.fd) {
    return Status::failed;
  }
  const std::size_t wanted = std::min<std::uint64_t>(limit, left_);
  if (wanted == 0) {
    return Status::done;
  }
  const std::size_t before = out.size();
  out.resize(before + wanted);
  ssize_t count = -1;
  do {
    count = ::pread(file_.fd->get(), out.data() + before, wanted, static_cast<off_t>(file_.offset));
  } while (count < 0 && errno == EINTR);
  out.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  if (count <= 0) {
    return Status::failed;  // it became shorter, or the disk fails
  }
  file_.offset += static_cast<std::uint64_t>(count);
  left_ -= static_cast<std::uint64_t>(count);
  return left_ == 0 ? Status::done : Status::more;
}

BodySource::Status BodySource::pull_pipe(std::size_t limit, std::string& out) {
  const std::size_t before = out.size();
  pipe_->pull(limit, out);
  const BodyPipe::State state = pipe_->state();
  const std::size_t count = out.size() - before;
  if (has_length_) {
    if (state.has_failed || count > left_ || (state.is_ended && state.size == 0 && count < left_)) {
      return Status::failed;
    }
    left_ -= count;
  } else if (state.has_failed) {
    return Status::failed;
  }
  if (state.size > 0) {
    return Status::more;
  }
  return state.is_ended ? Status::done : Status::waiting;
}

}  // namespace mcdsl::net
