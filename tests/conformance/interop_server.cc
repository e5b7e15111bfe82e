// The server under test of gRPC's interoperability tests: grpc.testing.TestService over TLS, as their description
// (grpc/doc/interop-test-descriptions.md) wants it. Says its port and the file with the certificate to trust, and
// answers until its input ends.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <iostream>
#include <limits>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <grpc/testing/test.pb.h>

#include "mcdsl/base/error.h"
#include "mcdsl/grpcserver/dispatcher.h"
#include "mcdsl/grpcserver/stream.h"
#include "mcdsl/http/router.h"
#include "mcdsl/httpserver/server.h"
#include "mcdsl/testing/certificates.h"
#include "mcdsl/testing/temp_dir.h"

namespace {

using namespace mcdsl;
using grpcserver::Context;
using grpcserver::Reader;
using grpcserver::Writer;
namespace suite = grpc::testing;

constexpr std::int32_t kMostBytes = 16 << 20;

// What a call brings under these names, it gets back.
Result<void> echo_metadata(const Context& context) {
  constexpr std::string_view kInitial = "x-grpc-test-echo-initial";
  constexpr std::string_view kTrailing = "x-grpc-test-echo-trailing-bin";
  const auto initial = context.metadata(kInitial);
  const auto trailing = context.metadata(kTrailing);
  if (!initial || !trailing) {
    return std::unexpected(initial ? trailing.error() : initial.error());
  }
  if (*initial) {
    context.add_header(kInitial, **initial);
  }
  if (*trailing) {
    context.add_trailer(kTrailing, **trailing);
  }
  return {};
}

Result<void> end_as(const suite::EchoStatus& status) {
  if (status.code() == 0) {
    return {};
  }
  return fail_visible(static_cast<Code>(status.code()), status.message());
}

Result<suite::Payload> payload_of(std::int32_t size) {
  if (size < 0 || size > kMostBytes) {
    return fail_visible(Code::invalid_argument, "a payload of such a size is not to be had");
  }
  suite::Payload payload;
  payload.set_body(std::string(static_cast<std::size_t>(size), '\0'));
  return payload;
}

Result<void> pause(const Context& context, std::chrono::microseconds time) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, context.stop_token(), time, [] { return false; });
  return context.still_wanted();
}

using Replies = Writer<suite::StreamingOutputCallResponse>;

Result<void> write_all(const Context& context, const suite::StreamingOutputCallRequest& request, Replies& replies) {
  for (const suite::ResponseParameters& wanted : request.response_parameters()) {
    if (auto waited = pause(context, std::chrono::microseconds(wanted.interval_us())); !waited) {
      return waited;
    }
    auto payload = payload_of(wanted.size());
    if (!payload) {
      return std::unexpected(std::move(payload).error());
    }
    suite::StreamingOutputCallResponse reply;
    *reply.mutable_payload() = *std::move(payload);
    context.compress_answers(wanted.compressed().value());
    if (auto written = replies.write(reply); !written) {
      return written;
    }
  }
  return {};
}

class TestService final : public grpcserver::ServiceBase {
 public:
  std::vector<grpcserver::Method> methods() override {
    const auto* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName("grpc.testing.TestService");
    const auto method = [&](const char* name) { return service->FindMethodByName(name); };
    return {
        grpcserver::unary(method("EmptyCall"), *this, &TestService::empty_call),
        grpcserver::unary(method("UnaryCall"), *this, &TestService::unary_call),
        grpcserver::server_stream(method("StreamingOutputCall"), *this, &TestService::streaming_output_call),
        grpcserver::client_stream(method("StreamingInputCall"), *this, &TestService::streaming_input_call),
        grpcserver::bidi_stream(method("FullDuplexCall"), *this, &TestService::full_duplex_call),
        grpcserver::bidi_stream(method("HalfDuplexCall"), *this, &TestService::half_duplex_call),
    };  // UnimplementedCall is what its name says
  }

 private:
  Result<suite::Empty> empty_call(const Context& /*context*/, const suite::Empty& /*request*/) {
    return suite::Empty();
  }

  Result<suite::SimpleResponse> unary_call(const Context& context, const suite::SimpleRequest& request) {
    if (auto echoed = echo_metadata(context); !echoed) {
      return std::unexpected(std::move(echoed).error());
    }
    if (auto ended = end_as(request.response_status()); !ended) {
      return std::unexpected(std::move(ended).error());
    }
    auto payload = payload_of(request.response_size());
    if (!payload) {
      return std::unexpected(std::move(payload).error());
    }
    context.compress_answers(request.response_compressed().value());
    suite::SimpleResponse response;
    *response.mutable_payload() = *std::move(payload);
    return response;
  }

  Result<void> streaming_output_call(const Context& context, const suite::StreamingOutputCallRequest& request,
                                     Replies& replies) {
    return write_all(context, request, replies);
  }

  Result<suite::StreamingInputCallResponse> streaming_input_call(const Context& /*context*/,
                                                                 Reader<suite::StreamingInputCallRequest>& requests) {
    suite::StreamingInputCallResponse response;
    while (const auto request = requests.next()) {
      response.set_aggregated_payload_size(response.aggregated_payload_size() +
                                           static_cast<std::int32_t>(request->payload().body().size()));
    }
    return response;
  }

  Result<void> full_duplex_call(const Context& context, Reader<suite::StreamingOutputCallRequest>& requests,
                                Replies& replies) {
    if (auto echoed = echo_metadata(context); !echoed) {
      return echoed;
    }
    while (const auto request = requests.next()) {
      if (auto ended = end_as(request->response_status()); !ended) {
        return ended;
      }
      if (auto written = write_all(context, *request, replies); !written) {
        return written;
      }
    }
    return {};
  }

  Result<void> half_duplex_call(const Context& context, Reader<suite::StreamingOutputCallRequest>& requests,
                                Replies& replies) {
    suite::StreamingOutputCallRequest all;
    while (const auto request = requests.next()) {
      all.MergeFrom(*request);
    }
    return requests.status() ? write_all(context, all, replies) : requests.status();
  }
};

void serve() {
  const testing::TempDir dir;
  const testing::CertificateAuthority authority;
  const testing::Certificate certificate = authority.issue();
  config::Server config;
  config.listen_addr = "127.0.0.1:0";
  config.tls_cert = dir.write("cert.pem", certificate.chain);
  config.tls_key = dir.write("key.pem", certificate.key);
  TestService service;
  const grpcserver::Dispatcher dispatcher({&service});
  const http::Router nothing_else;
  httpserver::Server server(config, nothing_else, {}, system_clock(), nullptr, {}, &dispatcher);
  server.start();
  std::cout << server.address().port << ' ' << dir.write("ca.pem", authority.certificate()).string() << '\n'
            << std::flush;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());  // until whoever started it closes the pipe, or is gone
}

}  // namespace

int main() {
  try {
    serve();
  } catch (const std::exception& problem) {
    std::cerr << "interop_server: " << problem.what() << '\n';
    return 1;
  }
}
