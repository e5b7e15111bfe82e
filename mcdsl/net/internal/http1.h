#pragma once

#include <memory>
#include <optional>

#include "mcdsl/http/application.h"
#include "mcdsl/net/internal/body_source.h"
#include "mcdsl/net/internal/counters.h"
#include "mcdsl/net/internal/http1_parser.h"
#include "mcdsl/net/internal/protocol.h"
#include "mcdsl/net/server.h"

namespace mcdsl::net {

/// HTTP/1.1 and 1.0 (RFC 9112): one request at a time, the next one from the same input when it is answered.
class Http1 final : public Protocol {
 public:
  Http1(ProtocolHost& host, const http::Application& application, const ServerOptions& options, Counters& counters);

  std::size_t on_input(std::string_view bytes) override;
  [[nodiscard]] bool takes_input() const override;
  void on_news(Exchange& exchange, News news) override;
  void on_deadline(Exchange& exchange) override;
  void on_input_ended() noexcept override;
  void on_writable() override { pump(); }
  void on_timeout() override;
  void drain() override;
  void on_closed() noexcept override;
  [[nodiscard]] Waiting waiting() const override;
  [[nodiscard]] std::uint64_t body_bytes() const override { return received_; }

 private:
  [[nodiscard]] Waiting for_handler() const;
  enum class Phase : std::uint8_t { head, body, handler, answer, finished };

  [[nodiscard]] ChunkedDecoder new_decoder() const;
  std::size_t read_head(std::string_view bytes);
  std::size_t read_body(std::string_view bytes);
  std::size_t read_streamed_body(std::string_view bytes);
  void begin_message();
  void begin_body(bool streams);
  void submit();
  void begin_answer();
  void pump();
  void end_answer();
  void cut_answer();
  void refuse(const Refusal& refusal);
  void refuse_body(const Refusal& refusal, Code code);
  void refuse_length();
  void write_response(http::Response& response);
  void finish(bool linger);

  ProtocolHost& host_;
  const http::Application& application_;
  const ServerOptions& options_;
  Counters& counters_;

  Phase phase_ = Phase::head;
  bool head_begun_ = false;
  bool is_head_ = false;  // the request's method is HEAD: no body in any answer to it
  bool draining_ = false;
  bool body_unread_ = false;  // the request is answered without its body: the connection cannot go on
  bool receives_ = false;     // the body goes on arriving while the handler runs
  bool keep_alive_ = false;   // after this answer
  bool handler_done_ = false;
  std::optional<Refusal> body_refusal_;  // of a body whose handler runs already
  HeadScanner scanner_;
  Framing framing_;
  ChunkedDecoder chunked_ = new_decoder();
  std::size_t max_body_bytes_ = 0;
  std::uint64_t received_ = 0;        // of the body
  std::optional<BodySource> source_;  // of the rest of the answer
  bool chunks_answer_ = false;
  std::unique_ptr<Exchange> exchange_;
};

}  // namespace mcdsl::net
