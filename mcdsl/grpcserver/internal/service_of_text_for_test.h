#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <mcdsl/grpcserver/internal/everything_for_test.pb.h>

#include "mcdsl/grpcserver/method.h"

namespace mcdsl::grpcserver {

/// A service whose methods a test writes down as in a proto file, wrong ones too:
///
///     ServiceOfText service(R"(rpc Get(Everything) returns (Everything) { option (google.api.http) = {get: "/v1"};
///     })");
///
/// Known are Everything, Empty, and `Pair` with `Everything first = 1; string second = 2; repeated Everything all =
/// 3;`. A method answers what it is asked; one that streams its answers, twice. One whose answer is a Pair puts what it
/// is asked into its `first`.
class ServiceOfText final : public ServiceBase {
 public:
  explicit ServiceOfText(const std::string& methods) : pool_(google::protobuf::DescriptorPool::generated_pool()) {
    // Named, so that the linker takes their files.
    (void)test::Everything::descriptor();
    (void)google::protobuf::Empty::descriptor();
    const std::string text = R"(
        syntax = "proto3";
        package mcdsl.grpcserver.test;
        import "google/api/annotations.proto";
        import "google/protobuf/empty.proto";
        import "mcdsl/grpcserver/internal/everything_for_test.proto";
        import "mcdsl/v1/access.proto";
        message Pair { Everything first = 1; string second = 2; repeated Everything all = 3; }
        service Texts {)" + methods +
                             "}";
    google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
    Complaints complaints;
    google::protobuf::io::Tokenizer tokens(&stream, &complaints);
    google::protobuf::FileDescriptorProto file;
    google::protobuf::compiler::Parser parser;
    parser.RecordErrorsTo(&complaints);
    if (!parser.Parse(&tokens, &file)) {
      throw std::invalid_argument(complaints.text);
    }
    file.set_name("texts.proto");
    const auto* built = pool_.BuildFile(file);
    if (built == nullptr) {
      throw std::invalid_argument("the text is no proto file");
    }
    service_ = built->service(0);
    factory_.SetDelegateToGeneratedFactory(true);
  }

  std::vector<Method> methods() override {
    std::vector<Method> all;
    for (int i = 0; i < service_->method_count(); ++i) {
      const auto* method = service_->method(i);
      all.push_back({method, [this, method](const Context& /*context*/, MessageReader& reader, MessageWriter& writer) {
                       return answer(*method, reader, writer);
                     }});
    }
    return all;
  }

 private:
  struct Complaints final : google::protobuf::io::ErrorCollector {
    void AddError(int line, int /*column*/, const std::string& message) override {
      text += std::to_string(line) + ": " + message + "\n";
    }
    std::string text;
  };

  Result<void> answer(const google::protobuf::MethodDescriptor& method, MessageReader& reader, MessageWriter& writer) {
    const std::unique_ptr<google::protobuf::Message> asked(factory_.GetPrototype(method.input_type())->New());
    if (auto read = read_only(reader, *asked); !read) {
      return read;
    }
    const std::unique_ptr<google::protobuf::Message> reply(factory_.GetPrototype(method.output_type())->New());
    if (method.output_type() == method.input_type()) {
      reply->CopyFrom(*asked);
    } else if (const auto* first = method.output_type()->FindFieldByName("first")) {
      reply->GetReflection()->MutableMessage(reply.get(), first, &factory_)->CopyFrom(*asked);
    }
    auto written = writer.write(*reply);
    return written && method.server_streaming() ? writer.write(*reply) : written;
  }

  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_;
  const google::protobuf::ServiceDescriptor* service_ = nullptr;
};

}  // namespace mcdsl::grpcserver
