// The half of Connection that reads.
#include <algorithm>
#include <utility>

#include <sys/epoll.h>

#include "mcdsl/net/internal/connection.h"
#include "mcdsl/net/internal/http2.h"
#include "mcdsl/net/internal/loop.h"

namespace mcdsl::net {
namespace {

constexpr int kMaxReads = 16;  // then the other connections have a turn

}  // namespace

bool Connection::takes_input() const {
  return !closed_ && !finishing_ && protocol_->takes_input() && output_.size() < kMaxOutput;
}

void Connection::read_or_pause() {
  if (takes_input() || linger_) {
    read_all();
  } else {
    watch(watched_ & ~static_cast<std::uint32_t>(EPOLLIN));  // the socket holds the input back
    input_paused_ = true;
  }
}

// What a proxy puts before the connection's own bytes. Whether all of it has come.
bool Connection::read_proxy_header() {
  const auto buffer = loop_.read_buffer();
  while (proxy_header_) {
    const auto shown = transport_.peek(buffer);
    if (shown.status == Transport::Status::would_block) {
      return false;
    }
    if (shown.status != Transport::Status::ok) {
      close();
      return false;
    }
    transport_.drop(buffer.first(proxy_header_->feed({buffer.data(), shown.count})));
    if (proxy_header_->state() == ProxyHeaderParser::State::malformed) {
      throw Exception(Code::invalid_argument,
                      "no valid PROXY header from " + peer_.address + ", which server.trusted_proxies expects one of");
    }
    if (proxy_header_->state() == ProxyHeaderParser::State::done) {
      if (const auto& source = proxy_header_->source()) {
        peer_ = {.address = source->address, .port = source->port, .secure = peer_.secure, .is_proxied = true};
      }
      proxy_header_.reset();
    }
  }
  return true;
}

void Connection::read_all() {
  if (!read_proxy_header()) {
    return;
  }
  const auto buffer = loop_.read_buffer();
  // A peer that sends as fast as we read must not keep the loop to itself.
  for (int rounds = 0; !closed_; ++rounds) {
    if (rounds == kMaxReads) {
      // Epoll does not know what the transport holds back.
      has_more_input_ = transport_.has_buffered_input();
      if (has_more_input_) {
        attend_later();
      }
      break;
    }
    const auto outcome = transport_.read(buffer);
    if (outcome.status == Transport::Status::would_block) {
      if (outcome.wants_write) {
        read_wants_write_ = true;
        watch(watched_ | EPOLLOUT);
        return;
      }
      break;
    }
    if (outcome.status == Transport::Status::closed) {
      end_input();
      break;
    }
    if (outcome.status == Transport::Status::failed) {
      close();
      return;
    }
    if (finishing_) {
      continue;
    }
    feed(std::string_view(buffer.data(), outcome.count));
    if (!takes_input()) {
      // With what TLS may hold, of which epoll knows nothing: it is read when there is room again.
      input_paused_ = true;
      break;
    }
    if (outcome.count < buffer.size() && !transport_.has_buffered_input()) {
      break;
    }
  }
  if (!output_.empty()) {
    if (waits_for_handler()) {
      attend_later();  // with what the handlers answer until then
    } else {
      flush();
    }
  }
}

// The peer will send no more, but may well read what it is still to get (RFC 9112 §9.6).
void Connection::end_input() {
  if (output_.empty()) {
    close();
    return;
  }
  finishing_ = true;
  linger_ = false;
  watch(watched_ & ~static_cast<std::uint32_t>(EPOLLIN));
}

void Connection::resume_input() {
  if (takes_input() && pending_from_ < pending_.size()) {
    feed_pending();
  }
  if (takes_input()) {
    // TLS may hold input that epoll cannot see; otherwise the next event brings it.
    if (transport_.has_buffered_input()) {
      read_all();
    }
    watch(watched_ | EPOLLIN);
  }
  input_paused_ = !takes_input();
}

// HTTP/2 by what TLS agreed on (RFC 7301), or in the clear by the words it begins with (RFC 9113 §3.3). False where
// more must come before that can be told.
bool Connection::choose_protocol(std::string_view bytes) {
  const std::string_view preface = kHttp2Preface.substr(0, std::min(bytes.size(), kHttp2Preface.size()));
  const bool is_preface = bytes.starts_with(preface);
  if (!transport_.is_tls() && is_preface && bytes.size() < kHttp2Preface.size()) {
    return false;
  }
  has_protocol_ = true;
  if (transport_.is_tls() ? transport_.speaks_http2() : is_preface) {
    ProtocolHost& host = *this;
    protocol_ = std::make_unique<Http2>(host, loop_.application(), loop_.options(), loop_.counters());
  }
  return true;
}

void Connection::feed(std::string_view bytes) {
  heard_ = true;
  if (!has_protocol_) {
    pending_.append(bytes);
    if (choose_protocol(pending_)) {
      feed_pending();
    }
    return;
  }
  if (pending_from_ < pending_.size()) {
    pending_.erase(0, std::exchange(pending_from_, 0)).append(bytes);
    feed_pending();
    return;
  }
  const std::size_t taken = protocol_->on_input(bytes);
  if (taken < bytes.size() && !finishing_) {
    pending_.assign(bytes.substr(taken));
    input_paused_ = !takes_input();
  }
}

void Connection::feed_pending() {
  pending_from_ += protocol_->on_input(std::string_view(pending_).substr(pending_from_));
  if (finishing_ || pending_from_ == pending_.size()) {
    pending_ = {};
    pending_from_ = 0;
  }
}

}  // namespace mcdsl::net
