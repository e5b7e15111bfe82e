// What the generated classes do: implemented, and called through the binders as the dispatcher calls them.
#include <algorithm>
#include <concepts>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include "calls.mcdsl.h"
#include "mcdsl/base/error.h"
#include "mcdsl/http/request.h"
#include "no_package.mcdsl.h"
#include "only_services.mcdsl.h"
#include "shared/types.mcdsl.h"

namespace {

using google::protobuf::Empty;
using google::protobuf::Message;
using mcdsl::Result;
using mcdsl::grpcserver::Context;
using mcdsl::grpcserver::Method;
using mcdsl::grpcserver::Reader;
using mcdsl::grpcserver::Writer;
using shared::Token;

namespace v1 = ::hard::mcdsl::google::v1;
using Leaf = v1::Outer_Inner_Leaf;

Leaf leaf(int number) {
  Leaf made;
  made.set_number(number);
  return made;
}

class Calls : public v1::CallsBase {
 public:
  Result<Leaf> Double(const Context& /*context*/, const Leaf& request) override {
    if (request.number() < 0) {
      return mcdsl::fail(mcdsl::Code::invalid_argument, "no negative numbers");
    }
    return leaf(2 * request.number());
  }

  Result<void> CountTo(const Context& /*context*/, const Leaf& request, Writer<Leaf>& writer) override {
    for (int i = 1; i <= request.number(); ++i) {
      if (const auto written = writer.write(leaf(i)); !written) {
        return written;
      }
    }
    return {};
  }

  Result<Leaf> Sum(const Context& /*context*/, Reader<Leaf>& reader) override {
    int sum = 0;
    while (const auto next = reader.next()) {
      sum += next->number();
    }
    return leaf(sum);
  }

  Result<void> Join(const Context& /*context*/, Reader<Token>& reader, Writer<v1::union_>& writer) override {
    v1::union_ joined;
    while (const auto next = reader.next()) {
      joined.mutable_text()->append(next->text());
      if (const auto written = writer.write(joined); !written) {
        return written;
      }
    }
    return {};
  }

  Result<Empty> delete_(const Context& context, const Empty& /*request*/) override {
    deleted_by = context.method();
    return Empty();
  }

  std::string deleted_by;
};

class CallsWithoutSum : public v1::CallsBase {
  Result<Leaf> Double(const Context& context, const Leaf& request) override;
  Result<void> CountTo(const Context& context, const Leaf& request, Writer<Leaf>& writer) override;
  Result<void> Join(const Context& context, Reader<Token>& reader, Writer<v1::union_>& writer) override;
  Result<Empty> delete_(const Context& context, const Empty& request) override;
};

class Others : public v1::OthersBase {
 public:
  Result<Leaf> Halve(const Context& /*context*/, const Leaf& request) override { return leaf(request.number() / 2); }
};

class Nothing : public v1::NothingBase {};

class Global : public GlobalBase {
 public:
  Result<Unpackaged> Get(const Context& /*context*/, const Unpackaged& request) override { return request; }
};

class PingService : public only_services::PingBase {
 public:
  Result<Empty> Ping(const Context& /*context*/, const Empty& request) override { return request; }
};

class Messages : public mcdsl::grpcserver::MessageReader, public mcdsl::grpcserver::MessageWriter {
 public:
  template <std::derived_from<Message>... Type>
  explicit Messages(const Type&... sent) : sent_{sent.SerializeAsString()...} {}

  Result<bool> read(Message& into) override {
    if (sent_.empty()) {
      return false;
    }
    const bool parsed = into.ParseFromString(sent_.front());
    sent_.pop_front();
    return parsed ? Result<bool>(true) : mcdsl::fail(mcdsl::Code::invalid_argument, "no message of the type");
  }

  Result<void> expect_end() override {
    return sent_.empty() ? Result<void>() : mcdsl::fail(mcdsl::Code::unimplemented, "one message too many");
  }

  Result<void> write(const Message& message) override {
    answers_.push_back(message.ShortDebugString());
    return {};
  }

  [[nodiscard]] const std::vector<std::string>& answers() const { return answers_; }

 private:
  std::deque<std::string> sent_;
  std::vector<std::string> answers_;
};

Result<void> call(mcdsl::grpcserver::ServiceBase& service, std::string_view name, Messages& messages) {
  const std::vector<Method> methods = service.methods();
  const auto method = std::ranges::find_if(methods, [&](const Method& one) { return one.descriptor->name() == name; });
  if (method == methods.end()) {
    return mcdsl::fail(mcdsl::Code::not_found, "there is no such method");
  }
  mcdsl::http::Request request;
  const Context context(request, method->descriptor->full_name(), std::nullopt);
  return method->call(context, messages, messages);
}

using Answers = std::vector<std::string>;

TEST(GeneratedCode, AnswersACallThatDoesNotStream) {
  Calls calls;
  Messages messages(leaf(21));
  EXPECT_TRUE(call(calls, "Double", messages));
  EXPECT_EQ(messages.answers(), Answers{"number: 42"});
}

TEST(GeneratedCode, GivesTheErrorOfAHandlerBackWithoutAnAnswer) {
  Calls calls;
  Messages messages(leaf(-1));
  const auto done = call(calls, "Double", messages);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), mcdsl::Code::invalid_argument);
  EXPECT_EQ(messages.answers(), Answers{});
}

TEST(GeneratedCode, RefusesTwoMessagesWhereTheCallerDoesNotStream) {
  Calls calls;
  Messages messages(leaf(1), leaf(2));
  const auto done = call(calls, "Double", messages);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), mcdsl::Code::unimplemented);
}

TEST(GeneratedCode, StreamsAnAnswer) {
  Calls calls;
  Messages messages(leaf(3));
  EXPECT_TRUE(call(calls, "CountTo", messages));
  EXPECT_EQ(messages.answers(), (Answers{"number: 1", "number: 2", "number: 3"}));
}

TEST(GeneratedCode, AnswersAStreamOnce) {
  Calls calls;
  Messages messages(leaf(1), leaf(2), leaf(4));
  EXPECT_TRUE(call(calls, "Sum", messages));
  EXPECT_EQ(messages.answers(), Answers{"number: 7"});
}

TEST(GeneratedCode, StreamsBothWaysBetweenTypesOfOtherFilesAndThoseNamedByAKeyword) {
  Calls calls;
  Token first;
  first.set_text("a");
  Token second;
  second.set_text("b");
  Messages messages(first, second);
  EXPECT_TRUE(call(calls, "Join", messages));
  EXPECT_EQ(messages.answers(), (Answers{"text: \"a\"", "text: \"ab\""}));
}

TEST(GeneratedCode, PutsAnUnderscoreBehindAKeywordAndKeepsTheNameOfTheRpc) {
  Calls calls;
  Messages messages{Empty()};
  EXPECT_TRUE(call(calls, "delete", messages));
  EXPECT_EQ(calls.deleted_by, "hard.mcdsl.google.v1.Calls.delete");
}

TEST(GeneratedCode, HasTheMethodsOfEachServiceOfAFileInTheirOrder) {
  Calls calls;
  Others others;
  Nothing nothing;
  std::string names;
  for (mcdsl::grpcserver::ServiceBase* service :
       std::initializer_list<mcdsl::grpcserver::ServiceBase*>{&calls, &others, &nothing}) {
    for (const Method& method : service->methods()) {
      names += method.descriptor->service()->name() + "." + method.descriptor->name() + " ";
    }
  }
  EXPECT_EQ(names, "Calls.Double Calls.CountTo Calls.Sum Calls.Join Calls.delete Others.Halve ");
}

TEST(GeneratedCode, NeedsNoPackage) {
  Global global;
  Unpackaged request;
  request.set_number(5);
  Messages messages(request);
  EXPECT_TRUE(call(global, "Get", messages));
  EXPECT_EQ(messages.answers(), Answers{"number: 5"});
}

TEST(GeneratedCode, HasTheDescriptorOfAFileWithoutMessages) {
  PingService ping;
  Messages messages{Empty()};
  EXPECT_TRUE(call(ping, "Ping", messages));
  EXPECT_EQ(messages.answers(), Answers{""});
}

TEST(GeneratedCode, MakesAForgottenMethodAnErrorOfTheCompiler) {
  EXPECT_TRUE(std::is_abstract_v<CallsWithoutSum>);
  EXPECT_FALSE(std::is_abstract_v<Calls>);
}

}  // namespace
