// The server under test of the Connect conformance suite: says on its output where it listens as its input asks for,
// and answers until a signal ends it. Both are messages behind four bytes of length, the most significant first.
#include <array>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <connectrpc/conformance/v1/server_compat.pb.h>
#include <connectrpc/conformance/v1/service.pb.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"
#include "mcdsl/grpcserver/dispatcher.h"
#include "mcdsl/grpcserver/stream.h"
#include "mcdsl/http/router.h"
#include "mcdsl/httpserver/server.h"
#include "mcdsl/testing/temp_dir.h"

namespace {

namespace suite = connectrpc::conformance::v1;

using namespace mcdsl;
using grpcserver::Context;
using grpcserver::Reader;
using grpcserver::Writer;
using Headers = google::protobuf::RepeatedPtrField<suite::Header>;
using RequestInfo = suite::ConformancePayload::RequestInfo;

// The suite's texts of "-bin" values are base64, in either alphabet, as on the wire; ours are the bytes.
std::string bytes_of(std::string_view base64) {
  std::string text(base64.substr(0, base64.find('=')));
  for (char& c : text) {
    c = c == '+' ? '-' : c == '/' ? '_' : c;
  }
  const auto bytes = base64url_decode(text);
  return bytes ? *bytes : std::string(base64);
}

void for_each(const Headers& headers, auto&& add) {
  for (const suite::Header& header : headers) {
    for (const std::string& value : header.value()) {
      add(header.name(), header.name().ends_with("-bin") ? bytes_of(value) : value);
    }
  }
}

// What the definition of any answer says of its metadata. What is sent is compressed for whom that is fine.
void prepare_answer(const Context& context, const auto& definition) {
  context.compress_answers(true);
  for_each(definition.response_headers(),
           [&](const auto& name, const auto& value) { context.add_header(name, value); });
  for_each(definition.response_trailers(),
           [&](const auto& name, const auto& value) { context.add_trailer(name, value); });
}

void add_each(Headers& to, const std::map<std::string, std::vector<std::string>>& fields) {
  for (const auto& [name, values] : fields) {
    suite::Header& header = *to.Add();
    header.set_name(name);
    header.mutable_value()->Assign(values.begin(), values.end());
  }
}

std::map<std::string, std::vector<std::string>> query_of(const http::Request& request) {
  std::map<std::string, std::vector<std::string>> parameters;
  std::string_view query = request.query();
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    const std::size_t equals = std::min(part.find('='), part.size());
    parameters[std::string(part.substr(0, equals))].push_back(
        http::percent_decode(part.substr(std::min(part.size(), equals + 1)), true).value_or(""));
  }
  return parameters;
}

// What came of a call so far.
RequestInfo describe(const Context& context) {
  RequestInfo info;
  std::map<std::string, std::vector<std::string>> fields;
  for (const auto [name, value] : context.headers()) {
    fields[std::string(name)].emplace_back(value);
  }
  add_each(*info.mutable_request_headers(), fields);
  if (const auto deadline = context.deadline()) {
    info.set_timeout_ms(
        std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - system_clock().steady()).count());
  }
  if (context.request().method() == http::Method::get) {
    add_each(*info.mutable_connect_get_info()->mutable_query_params(), query_of(context.request()));
  }
  return info;
}

Error error_of(const suite::Error& definition) {
  Error error = Error::visible(static_cast<Code>(definition.code()), definition.message());
  for (const auto& detail : definition.details()) {
    error = std::move(error).with_detail(
        {detail.type_url().substr(detail.type_url().rfind('/') + 1), std::string(detail.value())});
  }
  return error;
}

// An error before any message tells about the request in its details.
Error error_of(const suite::Error& definition, const RequestInfo& info) {
  return error_of(definition).with_detail({RequestInfo::descriptor()->full_name(), info.SerializeAsString()});
}

// As long as the definition wants, unless nobody waits any more.
Result<void> pause(const Context& context, std::uint32_t milliseconds) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, context.stop_token(), std::chrono::milliseconds(milliseconds), [] { return false; });
  return context.still_wanted();
}

Result<suite::ConformancePayload> answer(const Context& context, const suite::UnaryResponseDefinition& definition,
                                         RequestInfo info) {
  prepare_answer(context, definition);
  if (auto wanted = pause(context, definition.response_delay_ms()); !wanted) {
    return std::unexpected(std::move(wanted).error());
  }
  if (definition.has_error()) {
    return std::unexpected(error_of(definition.error(), info));
  }
  suite::ConformancePayload payload;
  payload.set_data(definition.response_data());
  *payload.mutable_request_info() = std::move(info);
  return payload;
}

template <class Reply>
Result<Reply> reply_with(Result<suite::ConformancePayload> payload) {
  if (!payload) {
    return std::unexpected(std::move(payload).error());
  }
  Reply reply;
  *reply.mutable_payload() = *std::move(payload);
  return reply;
}

// The messages of a streamed answer, each from its place in the definition.
template <class Reply>
class Answers {
 public:
  Answers(const Context& context, const suite::StreamResponseDefinition& definition, Writer<Reply>& out)
      : context_(context), definition_(definition), out_(out) {}

  [[nodiscard]] bool has_more() const { return sent_ < definition_.response_data_size(); }

  Result<void> send(std::optional<RequestInfo> info) {
    Reply reply;
    reply.mutable_payload()->set_data(definition_.response_data(sent_));
    if (info) {
      *reply.mutable_payload()->mutable_request_info() = *std::move(info);
    }
    if (auto wanted = pause(context_, definition_.response_delay_ms()); !wanted) {
      return wanted;
    }
    ++sent_;
    return out_.write(reply);
  }

  // What is left of them, and how the call ends. The first message of all tells about the request.
  Result<void> finish(const RequestInfo& info) {
    while (has_more()) {
      if (auto sent = send(sent_ == 0 ? std::optional(info) : std::nullopt); !sent) {
        return sent;
      }
    }
    if (definition_.has_error()) {
      return std::unexpected(sent_ == 0 ? error_of(definition_.error(), info) : error_of(definition_.error()));
    }
    return {};
  }

  [[nodiscard]] bool has_begun() const { return sent_ > 0; }

 private:
  const Context& context_;
  const suite::StreamResponseDefinition& definition_;
  Writer<Reply>& out_;
  int sent_ = 0;
};

class ConformanceService final : public grpcserver::ServiceBase {
 public:
  std::vector<grpcserver::Method> methods() override {
    const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
        suite::Header::descriptor()->file()->package() + ".ConformanceService");
    return {
        grpcserver::unary(service->FindMethodByName("Unary"), *this,
                          &ConformanceService::answer_unary<suite::UnaryRequest, suite::UnaryResponse>),
        grpcserver::unary(
            service->FindMethodByName("IdempotentUnary"), *this,
            &ConformanceService::answer_unary<suite::IdempotentUnaryRequest, suite::IdempotentUnaryResponse>),
        grpcserver::client_stream(service->FindMethodByName("ClientStream"), *this, &ConformanceService::client_stream),
        grpcserver::server_stream(service->FindMethodByName("ServerStream"), *this, &ConformanceService::server_stream),
        grpcserver::bidi_stream(service->FindMethodByName("BidiStream"), *this, &ConformanceService::bidi_stream),
    };  // Unimplemented is what its name says
  }

 private:
  template <class Request, class Reply>
  Result<Reply> answer_unary(const Context& context, const Request& request) {
    RequestInfo info = describe(context);
    info.add_requests()->PackFrom(request);
    return reply_with<Reply>(answer(context, request.response_definition(), std::move(info)));
  }

  Result<suite::ClientStreamResponse> client_stream(const Context& context,
                                                    Reader<suite::ClientStreamRequest>& requests) {
    RequestInfo info = describe(context);
    std::optional<suite::UnaryResponseDefinition> definition;
    while (const auto request = requests.next()) {
      if (!definition) {
        definition = request->response_definition();
      }
      info.add_requests()->PackFrom(*request);
    }
    if (!requests.status()) {
      return std::unexpected(requests.status().error());
    }
    return reply_with<suite::ClientStreamResponse>(
        answer(context, definition.value_or(suite::UnaryResponseDefinition()), std::move(info)));
  }

  Result<void> server_stream(const Context& context, const suite::ServerStreamRequest& request,
                             Writer<suite::ServerStreamResponse>& out) {
    RequestInfo info = describe(context);
    info.add_requests()->PackFrom(request);
    prepare_answer(context, request.response_definition());
    return Answers(context, request.response_definition(), out).finish(info);
  }

  // In full duplex each request is answered at once, in half duplex all of them at their end.
  Result<void> bidi_stream(const Context& context, Reader<suite::BidiStreamRequest>& requests,
                           Writer<suite::BidiStreamResponse>& out) {
    const auto first = requests.next();
    if (!first) {
      return requests.status();
    }
    prepare_answer(context, first->response_definition());
    Answers answers(context, first->response_definition(), out);
    RequestInfo info = describe(context);
    for (auto request = first; request; request = requests.next()) {
      info.add_requests()->PackFrom(*request);
      if (!first->full_duplex()) {
        continue;
      }
      if (!answers.has_more()) {
        break;
      }
      if (auto sent = answers.send(std::exchange(info, {})); !sent) {
        return sent;
      }
    }
    if (!requests.status()) {
      return requests.status();
    }
    return answers.finish(info);
  }
};

template <class Message>
Message read_message(std::istream& in) {
  std::array<unsigned char, 4> length{};
  in.read(reinterpret_cast<char*>(length.data()), length.size());
  std::string bytes(
      (std::size_t{length[0]} << 24U) + (std::size_t{length[1]} << 16U) + (std::size_t{length[2]} << 8U) + length[3],
      '\0');
  Message message;
  if (!in.read(bytes.data(), static_cast<std::streamsize>(bytes.size())) || !message.ParseFromString(bytes)) {
    throw Exception(Code::invalid_argument, "the input is no " + message.GetDescriptor()->full_name());
  }
  return message;
}

void write_message(std::ostream& out, const google::protobuf::Message& message) {
  const std::string bytes = message.SerializeAsString();
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    out.put(static_cast<char>((bytes.size() >> shift) & 0xFFU));
  }
  out << bytes << std::flush;
}

void serve() {
  // Before the server's threads begin, which inherit it.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const auto wanted = read_message<suite::ServerCompatRequest>(std::cin);
  const testing::TempDir dir;
  config::Server config;
  config.listen_addr = "127.0.0.1:0";
  config.tls = wanted.use_tls() ? config::Tls::on : config::Tls::off;
  if (wanted.use_tls()) {
    config.tls_cert = dir.write("cert.pem", wanted.server_creds().cert());
    config.tls_key = dir.write("key.pem", wanted.server_creds().key());
  }
  // A call says itself how long it may take; what it says nothing of may take what the suite wants it to.
  grpcserver::DispatcherOptions options{.default_timeout = std::chrono::nanoseconds(0)};
  options.access.emplace("connectrpc.conformance.v1.ConformanceService", auth::Access::open());
  if (wanted.message_receive_limit() != 0) {
    options.max_received_bytes = wanted.message_receive_limit();
  }
  ConformanceService service;
  const grpcserver::Dispatcher dispatcher({&service}, options);
  const http::Router nothing_else;
  httpserver::Server server(config, nothing_else, {}, system_clock(), nullptr, {}, &dispatcher);
  server.start();

  suite::ServerCompatResponse response;
  response.set_host("127.0.0.1");
  response.set_port(server.address().port);
  response.set_pem_cert(wanted.use_tls() ? wanted.server_creds().cert() : std::string());
  write_message(std::cout, response);
  int signal = 0;
  sigwait(&signals, &signal);
}

}  // namespace

int main() {
  try {
    serve();
  } catch (const std::exception& problem) {
    std::cerr << "connect_server: " << problem.what() << '\n';
    return 1;
  }
}
