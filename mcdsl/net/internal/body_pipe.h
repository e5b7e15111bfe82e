#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mcdsl/base/error.h"
#include "mcdsl/http/body.h"

namespace mcdsl::net {

/// Bytes of a body on their way between a loop and a handler's thread, in one of the two directions. The handler waits,
/// the loop never does: it is told by `notify` when it may go on.
/// Threads: one loop and one handler.
class BodyPipe final : public http::BodyReader {
 public:
  /// What may lie in the pipe before the sender has to wait; the loop may exceed it by what one read gave.
  static constexpr std::size_t kCapacity = std::size_t{256} << 10U;

  /// `notify` is called on the handler's thread: there is room again, or there are bytes.
  explicit BodyPipe(std::function<void()> notify) : notify_(std::move(notify)) {}

  // The handler's side.
  [[nodiscard]] Result<std::size_t> read(std::span<char> into) override;
  [[nodiscard]] Result<void> write(std::string_view bytes);

  // The loop's side.
  void push(std::string_view bytes);
  [[nodiscard]] std::size_t room() const;
  /// Moves up to `limit` bytes behind `out`.
  void pull(std::size_t limit, std::string& out);

  // Either side.
  /// Nothing more will be written.
  void end();
  /// Nothing more can be written or read: whoever waits gets the error. The first one stays.
  void fail(Error error);
  struct State {
    std::size_t size = 0;
    bool is_ended = false;
    bool has_failed = false;
  };
  [[nodiscard]] State state() const;

 private:
  void take(std::size_t count);
  [[nodiscard]] std::size_t size() const { return bytes_.size() - from_; }

  const std::function<void()> notify_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string bytes_;
  std::size_t from_ = 0;  // what is before has been taken
  bool is_ended_ = false;
  bool loop_waits_ = false;  // for room, or for bytes
  std::optional<Error> error_;
};

}  // namespace mcdsl::net
