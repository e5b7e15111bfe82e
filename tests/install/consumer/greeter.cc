#include <iostream>
#include <optional>

#include "consumer/v1/greeter.mcdsl.h"
#include "mcdsl/http/request.h"

namespace {

class Greeter final : public consumer::v1::GreeterBase {
 public:
  mcdsl::Result<consumer::v1::Greeting> Greet(const mcdsl::grpcserver::Context& /*context*/,
                                              const google::protobuf::StringValue& request) override {
    consumer::v1::Greeting greeting;
    greeting.set_text("hello, " + request.value());
    return greeting;
  }
};

}  // namespace

int main() {
  Greeter greeter;
  mcdsl::http::Request http;
  for (const mcdsl::grpcserver::Method& method : greeter.methods()) {
    const mcdsl::grpcserver::Context context(http, method.descriptor->full_name(), std::nullopt);
    google::protobuf::StringValue request;
    request.set_value("world");
    const auto greeting = greeter.Greet(context, request);
    std::cout << context.method() << " answers " << (greeting ? greeting->text() : "an error") << '\n';
  }
}
