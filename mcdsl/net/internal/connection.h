#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "mcdsl/net/internal/output_queue.h"
#include "mcdsl/net/internal/pollable.h"
#include "mcdsl/net/internal/protocol.h"
#include "mcdsl/net/internal/proxy_protocol.h"
#include "mcdsl/net/internal/timer_wheel.h"
#include "mcdsl/net/internal/transport.h"

namespace mcdsl::net {

class Loop;

/// One connection of a loop: moves bytes between its transport and its protocol, and watches the time.
/// Threads: the loop's owner.
class Connection final : public Pollable, public Timed, private ProtocolHost {
 public:
  Connection(Loop& loop, UniqueFd fd, http::Peer peer, const std::shared_ptr<void>& tls_context);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Joins the loop's epoll. Throws Exception where the system refuses.
  void start();

  // What the loop tells it. Where one of these fails, the connection closes.
  void on_event(std::uint32_t events) override;
  void on_news(Exchange& exchange, News news);
  void on_timeout() override;
  void on_deadline(Exchange& exchange);
  void drain();

  /// Goes on with what it left for later: writes what the socket takes, reads what is left in the transport.
  void attend();

  /// Ends the connection at once. The loop destroys it when the current events are done.
  void close() noexcept;

  std::list<std::unique_ptr<Connection>>::iterator place;  ///< in the loop's list

 private:
  using Time = Clock::SteadyTime;
  // With more than this to write, a pipelining peer has to read before its next request is looked at.
  static constexpr std::size_t kMaxOutput = std::size_t{64} << 10U;

  void send(std::string_view bytes) override;
  void send(std::string&& bytes) override;
  [[nodiscard]] bool send_file(http::FileBody& file) override;
  [[nodiscard]] std::size_t output_room() const override;
  [[nodiscard]] std::unique_ptr<BodyPipe> make_pipe(Exchange& exchange) override;
  void submit(Exchange& exchange) override;
  void abandon(std::unique_ptr<Exchange> exchange) noexcept override;
  void finish(bool linger) override;
  [[nodiscard]] http::Peer peer() const override { return peer_; }
  [[nodiscard]] Time now() const override;
  [[nodiscard]] const std::string& date() const override;

  template <class Work>
  void guarded(Work work) noexcept;
  void handle_event(std::uint32_t events);
  void handle_news(Exchange& exchange, News news);
  void handle_timeout();
  [[nodiscard]] bool waits_for_handler() const {
    return protocol_->waiting() == Waiting::for_handler || protocol_->waiting() == Waiting::for_call;
  }
  [[nodiscard]] bool takes_input() const;
  void read_or_pause();
  void read_all();
  [[nodiscard]] bool read_proxy_header();
  void resume_input();
  void end_input();
  void feed(std::string_view bytes);
  [[nodiscard]] bool choose_protocol(std::string_view bytes);
  void feed_pending();
  void attend_later();
  void flush();
  [[nodiscard]] bool write_output();
  void on_output_done();
  void watch(std::uint32_t events);
  void rearm();
  [[nodiscard]] Time deadline() const;

  Loop& loop_;
  Transport transport_;
  http::Peer peer_;
  std::unique_ptr<ProxyHeaderParser> proxy_header_;  // until it has been read; null where none is expected
  std::unique_ptr<Protocol> protocol_;
  OutputQueue output_;
  std::string pending_;           // input that the protocol has not taken yet,
  std::size_t pending_from_ = 0;  // from here on

  std::uint32_t watched_ = 0;
  bool heard_ = false;         // a byte of a request has come
  bool has_protocol_ = false;  // of the two; until then HTTP/1.1 stands in
  bool waits_for_attention_ = false;
  bool read_wants_write_ = false;  // a handshake that could not write
  bool has_more_input_ = false;    // in the transport, for `attend`
  bool input_paused_ = false;      // until there is room for it, or a use
  bool finishing_ = false;         // no more requests; ends when the output is empty
  bool linger_ = false;            // what still comes is read and dropped until then, and a while after
  bool lingering_ = false;         // that while
  bool closed_ = false;

  Waiting waiting_ = Waiting::for_nothing;
  bool writing_ = false;
  Time waiting_since_{};
  Time writing_since_{};
  std::uint64_t written_bytes_ = 0;  // since `writing_since_`
};

}  // namespace mcdsl::net
