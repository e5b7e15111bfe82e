#include "mcdsl/http/trace_context.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "mcdsl/http/access_log.h"
#include "mcdsl/http/pipeline.h"
#include "mcdsl/http/router.h"
#include "mcdsl/testing/app_client.h"
#include "mcdsl/testing/log_capture.h"

namespace mcdsl::http {
namespace {

constexpr std::string_view kTraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr std::string_view kParentId = "00f067aa0ba902b7";
constexpr std::string_view kSent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

// What a handler finds in a request with these fields.
std::optional<TraceContext> found(const Headers& headers, TraceOptions options = {}) {
  std::optional<TraceContext> trace;
  Request request;
  request.mutable_headers() = headers;
  const Handler handler = trace_context(options)([&](Request& inner) {
    if (const auto* context = inner.get<TraceContext>()) {
      trace = *context;
    }
    return no_content();
  });
  (void)handler(request);
  return trace;
}

Headers fields(std::string_view traceparent, std::string_view tracestate = {}) {
  Headers headers;
  headers.add("traceparent", traceparent);
  if (!tracestate.empty()) {
    headers.add("tracestate", tracestate);
  }
  return headers;
}

TEST(TraceContext, GoesOnWithATraceUnderASpanOfItsOwn) {
  const auto trace = found(fields(kSent, "congo=t61rcWkgMzE"));
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->trace_id, kTraceId);
  EXPECT_EQ(trace->parent_id, kParentId);
  EXPECT_TRUE(trace->sampled);
  EXPECT_EQ(trace->state, "congo=t61rcWkgMzE");
  EXPECT_EQ(trace->span_id.size(), 16U);
  EXPECT_NE(trace->span_id, kParentId);
  EXPECT_EQ(trace->traceparent(), "00-" + std::string(kTraceId) + "-" + trace->span_id + "-01");
}

TEST(TraceContext, StartsATraceWhereNoneCame) {
  const auto trace = found({});
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->parent_id, "");
  EXPECT_FALSE(trace->sampled);
  const auto read_back = parse_traceparent(trace->traceparent());
  ASSERT_TRUE(read_back);
  EXPECT_EQ(read_back->trace_id, trace->trace_id);
  EXPECT_EQ(read_back->parent_id, trace->span_id);
}

TEST(TraceContext, StartsNoneWhereToldNotTo) {
  EXPECT_FALSE(found({}, {.start = false}));
  EXPECT_FALSE(found(fields("nonsense"), {.start = false}));
  EXPECT_TRUE(found(fields(kSent), {.start = false}));
}

TEST(TraceContext, GivesEachRequestItsOwnSpan) {
  std::set<std::string> spans;
  const Handler handler = trace_context()([&](Request& request) {
    spans.insert(request.get<TraceContext>()->span_id);
    return no_content();
  });
  for (int i = 0; i < 100; ++i) {
    Request request;
    request.mutable_headers() = fields(kSent);
    (void)handler(request);
  }
  EXPECT_EQ(spans.size(), 100U);
}

TEST(TraceContext, StartsAnewWhereTheSendersIsMalformedOrThereTwice) {
  Headers twice = fields(kSent, "a=b");
  twice.add("traceparent", kSent);
  for (const Headers& headers : {twice, fields("00-xyz", "a=b")}) {
    const auto trace = found(headers);
    ASSERT_TRUE(trace);
    EXPECT_NE(trace->trace_id, kTraceId);
    EXPECT_EQ(trace->state, "") << "the state belongs to a trace that is not gone on with";
  }
}

TEST(TraceContext, PassesOnlyASoundStateOn) {
  const auto state = [](std::string_view sent) { return found(fields(kSent, sent))->state; };
  EXPECT_EQ(state("a=1, b=2 ,,c/d@e=x y"), "a=1,b=2,c/d@e=x y");
  EXPECT_EQ(state(std::string("a=") + std::string(256, 'x')), "a=" + std::string(256, 'x'));
  for (const std::string& bad : {std::string("a"), std::string("=1"), std::string("a="), std::string("A=1"),
                                 std::string("a=1=2"), std::string("a@b@c=1"), std::string("a@=1"), std::string("@a=1"),
                                 std::string("a=\xC3\xA9"), "a=" + std::string(257, 'x'), std::string(257, 'a') + "=1",
                                 "a=" + std::string(255, 'x') + ",b=" + std::string(255, 'x')}) {
    EXPECT_EQ(state(bad), "") << bad;
  }
  std::string many;
  for (int i = 0; i < 33; ++i) {
    many += "k" + std::to_string(i) + "=v,";
  }
  EXPECT_EQ(state(many), "");
  Headers lines = fields(kSent, "a=1");
  lines.add("tracestate", "b=2");
  EXPECT_EQ(found(lines)->state, "a=1,b=2");
}

TEST(TraceParent, IsReadInVersion00) {
  const auto trace = parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
  ASSERT_TRUE(trace);
  EXPECT_FALSE(trace->sampled);
  EXPECT_TRUE(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03")->sampled);
}

TEST(TraceParent, IsReadInLaterVersionsAsFarAsItIsKnown) {
  EXPECT_TRUE(parse_traceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
  EXPECT_TRUE(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what.the.future"));
  EXPECT_FALSE(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what"));
}

TEST(TraceParent, IsRefusedInAnyOtherForm) {
  for (const std::string_view bad : {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
                                     "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                     "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                     "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                     "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
                                     "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                     "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
                                     " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}) {
    EXPECT_FALSE(parse_traceparent(bad)) << bad;
  }
}

TEST(TraceContext, NamesTheTraceInTheAccessLog) {
  const testing::LogCapture capture;
  Router router;
  router.get("/", [] { return no_content(); });
  const Pipeline pipeline(router, {trace_context({.start = false}), access_log(capture.logger())});
  const testing::AppClient client(pipeline);
  (void)client.get("/");
  EXPECT_FALSE(capture.contains("trace_id"));
  (void)client.with_header("traceparent", kSent).get("/");
  EXPECT_TRUE(capture.contains(" trace_id=4bf92f3577b34da6a3ce929d0e0e4736\n")) << capture.text();
}

}  // namespace
}  // namespace mcdsl::http
