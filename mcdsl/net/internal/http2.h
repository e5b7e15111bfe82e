#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "mcdsl/http/application.h"
#include "mcdsl/net/internal/body_source.h"
#include "mcdsl/net/internal/counters.h"
#include "mcdsl/net/internal/http1_parser.h"
#include "mcdsl/net/internal/protocol.h"
#include "mcdsl/net/server.h"

namespace mcdsl::net {

/// What a client of HTTP/2 says first (RFC 9113 §3.4).
inline constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// HTTP/2 (RFC 9113): many requests at a time, each a stream with an exchange of its own. Framing and header
/// compression are nghttp2's; its callbacks only note what has come, and no handler runs inside one.
class Http2 final : public Protocol {
 public:
  Http2(ProtocolHost& host, const http::Application& application, const ServerOptions& options, Counters& counters);
  ~Http2() override;
  Http2(const Http2&) = delete;
  Http2& operator=(const Http2&) = delete;

  std::size_t on_input(std::string_view bytes) override;
  [[nodiscard]] bool takes_input() const override { return true; }
  void on_news(Exchange& exchange, News news) override;
  void on_deadline(Exchange& exchange) override;
  void on_input_ended() noexcept override {}  // what that means, the connection's next read finds out
  void on_writable() override { pump(); }
  void on_timeout() override;
  void drain() override;
  void on_closed() noexcept override;
  [[nodiscard]] Waiting waiting() const override;
  [[nodiscard]] std::uint64_t body_bytes() const override { return received_; }

 private:
  struct Stream;
  struct Callbacks;

  // What nghttp2 tells.
  void begin_stream(std::int32_t id);
  void note_field(Stream& stream, std::size_t size);
  void take_header(Stream& stream, std::string_view name, std::string_view value);
  void take_trailer(Stream& stream, std::string_view name, std::string_view value);
  void take_invalid_header(Stream& stream);
  void end_head(Stream& stream, bool has_body);
  void take_data(Stream& stream, std::string_view bytes);
  void end_body(Stream& stream);
  void close_stream(std::int32_t id) noexcept;
  [[nodiscard]] ssize_t give_data(Stream& stream, std::uint8_t* out, std::size_t size, std::uint32_t& flags);
  void note_idle_frame();
  void note_refusal();
  void note_flood();
  void give_up();

  [[nodiscard]] Stream* find(std::int32_t id) noexcept;
  [[nodiscard]] std::optional<Refusal> read_head(Stream& stream);
  void begin_body(Stream& stream, bool streams);
  void submit(Stream& stream);
  void end_handler(Stream& stream) noexcept;
  void end_receiving(Stream& stream) noexcept;
  void give_answer_up(Stream& stream);
  void refuse(Stream& stream, const Refusal& refusal);
  void refuse_trailers(Stream& stream, const Refusal& refusal);
  void refuse_body(Stream& stream, const Refusal& refusal, Code code);
  void answer(Stream& stream);
  void send_head(Stream& stream, const http::Response& response, bool has_body);
  void consume(Stream& stream);
  void time_out_streams();
  [[nodiscard]] std::optional<Limit> passed_limit(const Stream& stream) const;
  void abandon_handler(Stream& stream);
  void pump();
  void go_away(std::uint32_t error);
  void finish_if_done();

  ProtocolHost& host_;
  const http::Application& application_;
  const ServerOptions& options_;
  Counters& counters_;

  struct FreeSession {
    void operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }
  };
  std::unordered_map<std::int32_t, std::unique_ptr<Stream>> streams_;
  Stream* last_found_ = nullptr;  // of them
  std::vector<std::unique_ptr<Stream>> spare_streams_;
  std::vector<nghttp2_nv> fields_;  // of the head that is being sent
  std::size_t heads_ = 0;           // streams whose head is not complete
  std::size_t bodies_ = 0;          // streams whose body is not complete
  std::size_t handlers_ = 0;        // that run
  std::size_t calls_ = 0;           // that run and have a time of their own; the two counts above leave theirs out
  std::uint64_t received_ = 0;      // bytes of bodies
  Clock::SteadyTime next_check_{};
  Clock::SteadyTime idle_frames_since_{};
  int idle_frames_ = 0;           // that do nothing: floods are made of them
  std::size_t idle_bytes_ = 0;    // since something came that is a part of a request
  int refusals_ = 0;              // of heads
  Clock::SteadyTime last_end_{};  // of a stream
  bool draining_ = false;
  bool was_idle_ = false;      // when the drain began
  bool owes_goodbye_ = false;  // the GOAWAY that names the last stream that was taken
  bool finished_ = false;      // no more requests; what is queued still goes out
  bool is_over_ = false;       // the connection knows
  bool is_hostile_ = false;
  std::unique_ptr<nghttp2_session, FreeSession> session_;
};

}  // namespace mcdsl::net
