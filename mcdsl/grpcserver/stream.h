#pragma once

#include <optional>
#include <utility>

#include "mcdsl/base/error.h"
#include "mcdsl/grpcserver/method.h"

namespace mcdsl::grpcserver {

/// The messages of a caller that streams:
///
///     while (const auto chunk = reader.next()) { … }
///     if (!reader.status()) return fail(reader.status().error());  // it broke off
///
/// Threads: one at a time.
template <class Message>
class Reader {
 public:
  explicit Reader(MessageReader& from) : from_(from) {}

  /// Waits for the next message. nullopt at the end of the stream, and from an error on: then `status` tells it.
  [[nodiscard]] std::optional<Message> next() {
    std::optional<Message> message(std::in_place);
    if (!status_) {
      return std::nullopt;
    }
    const Result<bool> more = from_.read(*message);
    if (!more) {
      status_ = std::unexpected(more.error());
    }
    return more && *more ? std::move(message) : std::nullopt;
  }

  /// Whether all that `next` gave was all there is. Errors: MessageReader's.
  [[nodiscard]] const Result<void>& status() const noexcept { return status_; }

 private:
  MessageReader& from_;
  Result<void> status_;
};

/// Where the messages of a streamed answer go. Threads: one at a time; it may be another one than the reader's.
template <class Message>
class Writer {
 public:
  explicit Writer(MessageWriter& to) : to_(to) {}

  /// Errors: MessageWriter's. A handler gives them back.
  [[nodiscard]] Result<void> write(const Message& message) { return to_.write(message); }

 private:
  MessageWriter& to_;
};

// What generated code makes of a member function. Lifetime: the service outlives the method.

// NOLINTBEGIN(misc-const-correctness): it does not see that a function behind a pointer takes its argument to change it

template <class Request, class Reply, class Service>
[[nodiscard]] Method unary(const google::protobuf::MethodDescriptor* descriptor, Service& service,
                           Result<Reply> (Service::*function)(const Context&, const Request&)) {
  return {descriptor,
          [&service, function](const Context& context, MessageReader& reader, MessageWriter& writer) -> Result<void> {
            Request request;
            if (const auto read = read_only(reader, request); !read) {
              return read;
            }
            const Result<Reply> reply = (service.*function)(context, request);
            return reply ? writer.write(*reply) : std::unexpected(reply.error());
          }};
}

template <class Request, class Reply, class Service>
[[nodiscard]] Method server_stream(const google::protobuf::MethodDescriptor* descriptor, Service& service,
                                   Result<void> (Service::*function)(const Context&, const Request&, Writer<Reply>&)) {
  return {descriptor,
          [&service, function](const Context& context, MessageReader& reader, MessageWriter& writer) -> Result<void> {
            Request request;
            if (const auto read = read_only(reader, request); !read) {
              return read;
            }
            Writer<Reply> replies(writer);
            return (service.*function)(context, request, replies);
          }};
}

template <class Request, class Reply, class Service>
[[nodiscard]] Method client_stream(const google::protobuf::MethodDescriptor* descriptor, Service& service,
                                   Result<Reply> (Service::*function)(const Context&, Reader<Request>&)) {
  return {descriptor,
          [&service, function](const Context& context, MessageReader& reader, MessageWriter& writer) -> Result<void> {
            Reader<Request> requests(reader);
            const Result<Reply> reply = (service.*function)(context, requests);
            if (reply && !requests.status()) {
              return requests.status();  // a handler that did not look has answered for a part
            }
            return reply ? writer.write(*reply) : std::unexpected(reply.error());
          }};
}

template <class Request, class Reply, class Service>
[[nodiscard]] Method bidi_stream(const google::protobuf::MethodDescriptor* descriptor, Service& service,
                                 Result<void> (Service::*function)(const Context&, Reader<Request>&, Writer<Reply>&)) {
  return {descriptor,
          [&service, function](const Context& context, MessageReader& reader, MessageWriter& writer) -> Result<void> {
            Reader<Request> requests(reader);
            Writer<Reply> replies(writer);
            const Result<void> done = (service.*function)(context, requests, replies);
            return done ? requests.status() : done;
          }};
}

// NOLINTEND(misc-const-correctness)

}  // namespace mcdsl::grpcserver
