#include "mcdsl/grpcserver/dispatcher.h"

#include <algorithm>
#include <limits>
#include <ranges>
#include <unordered_map>
#include <utility>

#include <mcdsl/v1/access.pb.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"
#include "mcdsl/grpcserver/internal/connect_get.h"
#include "mcdsl/grpcserver/internal/finish.h"
#include "mcdsl/grpcserver/internal/messages.h"
#include "mcdsl/grpcserver/internal/rest_table.h"
#include "mcdsl/grpcserver/internal/status.h"
#include "mcdsl/grpcserver/internal/target.h"
#include "mcdsl/grpcserver/internal/web_text.h"
#include "mcdsl/http/access_log.h"

namespace mcdsl::grpcserver {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kFrameHead = 5;

bool comes_as_text(const std::optional<WireType>& type, const http::Request& request) {
  return type && type->protocol == Protocol::grpc_web && is_web_text(request);
}

std::optional<WireType> wire_type(const http::Request& request) {
  const auto content_type = request.header("content-type");
  return content_type ? parse_content_type(*content_type) : std::nullopt;
}

}  // namespace

struct Dispatcher::State {
  DispatcherOptions options;
  std::vector<std::unique_ptr<Target>> targets;
  std::unordered_map<std::string_view, const Target*> by_path;  // "/mcq.v1.DocumentService/GetDocument"
  RestTable rest;
  std::vector<std::string> paths;
  Target unknown;
  std::vector<std::string> mistakes;

  explicit State(DispatcherOptions given) : options(std::move(given)) {}

  void add(ServiceBase& service);
  void add(const ServiceBase& service, Method method);
  void add_rest(std::size_t index);
  void check_rules();
  void finish_table();
  [[nodiscard]] CallHandler chain(CallHandler handler) const;

  [[nodiscard]] const Target* find(std::string_view path) const noexcept {
    const auto found = by_path.find(path);
    return found != by_path.end() ? found->second : nullptr;
  }
  [[nodiscard]] bool is_of_service(std::string_view path) const;
  [[nodiscard]] bool is_for_unknown(const http::Request& request, const std::optional<WireType>& type) const;
  [[nodiscard]] MessageLimits limits() const noexcept { return {options.max_received_bytes, options.max_sent_bytes}; }

  [[nodiscard]] http::BodyPlan plan_for(const Target& target, WireType type, http::Request& request) const;
  [[nodiscard]] std::optional<Clock::SteadyTime> deadline_of(const Target& target, const http::Request& request) const;
  [[nodiscard]] Result<MessageFormat> format_of(WireType type, const http::Request& request) const;

  [[nodiscard]] http::Response serve(const std::optional<WireType>& type, http::Request& request) const;
  [[nodiscard]] http::Response serve(const Target& target, WireType type, http::Request& request) const;
  [[nodiscard]] http::Response refuse(http::Request& request, const http::Response& refusal) const;
  [[nodiscard]] http::Response serve_unknown(WireType type, http::Request& request) const;
  [[nodiscard]] http::Response serve_get(const Target& target, http::Request& request) const;
  [[nodiscard]] http::Response serve_rest(http::Request& request) const;
  [[nodiscard]] http::Response serve_whole(const Target& target, const MessageFormat& format, WireReader& reader,
                                           http::Request& request, const RestBinding* rest_binding = nullptr) const;
  [[nodiscard]] http::Response serve_stream(const Target& target, const MessageFormat& format, http::Request& request,
                                            const RestBinding* rest_binding = nullptr) const;
  [[nodiscard]] http::Response serve_unreadable(const Target& target, WireType type, http::Request& request,
                                                const Error& error) const;
  [[nodiscard]] Result<void> produce(const Target& target, const MessageFormat& format, http::Request& request,
                                     std::optional<Clock::SteadyTime> deadline, const RestBinding* rest_binding,
                                     http::BodyWriter& out) const;
  [[nodiscard]] Result<void> run(const Target& target, Context& context, WireReader& reader, MessageWriter& writer,
                                 WireType type) const;
};

// --- the table

void Dispatcher::State::add(ServiceBase& service) {
  for (Method& method : service.methods()) {
    add(service, std::move(method));
  }
}

void Dispatcher::State::add(const ServiceBase& service, Method method) {
  auto target = std::make_unique<Target>();
  target->name = full_name(*method.descriptor);
  target->descriptor = method.descriptor;
  target->kind = kind_of(*method.descriptor);
  if (auto access = access_of(*method.descriptor, service, options)) {
    target->access = *std::move(access);
  } else {
    mistakes.push_back(target->name + ": " + access.error().message());
  }
  target->handler = chain([call = std::move(method.call)](Call& made) -> Result<void> {
    if (const auto* unreadable = made.context.request().get<Unreadable>()) {
      (void)made.reader.expect_end();  // which notes whose fault it is
      return fail(unreadable->error);
    }
    if (auto wanted = made.context.still_wanted(); !wanted) {
      return wanted;  // its time was over before it began
    }
    return call(made.context, made.reader, made.writer);
  });
  if (auto bindings = rest_bindings(*method.descriptor)) {
    target->rest = *std::move(bindings);
  } else {
    mistakes.push_back(target->name + ": " + bindings.error().to_string());
  }
  targets.push_back(std::move(target));
}

void Dispatcher::State::add_rest(std::size_t index) {
  for (const RestBinding& binding : targets[index]->rest) {
    if (const auto* other = rest.add(binding, index)) {
      mistakes.push_back(targets[index]->name + ": " + std::string(http::name(binding.method)) + " " + other->pattern +
                         " is a route of " + targets[other->owner]->name + " already");
    }
  }
}

// Every rule that the options give is for something.
void Dispatcher::State::check_rules() {
  for (const auto& [name, access] : options.access) {
    const bool is_known = std::ranges::any_of(targets, [&](const auto& target) {
      return target->name == name || target->descriptor->service()->full_name() == name;
    });
    if (!is_known) {
      mistakes.push_back("the access rule for \"" + printable(name) + "\" is for no method of these services");
    }
  }
}

void Dispatcher::State::finish_table() {
  check_rules();
  std::ranges::sort(targets, {}, &Target::name);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    add_rest(i);
  }
  paths.reserve(targets.size());  // views into it are kept
  for (const auto& target : targets) {
    paths.push_back("/" + target->name);
    if (!by_path.emplace(paths.back(), target.get()).second) {
      mistakes.push_back(target->name + ": is there twice");
    }
  }
  if (options.verifier == nullptr) {
    unknown.access = auth::Access::open();  // nobody can say who they are, so there is nothing to wait for
  }
  unknown.handler =
      chain([](Call& call) { return call.reader.expect_end(); });  // which says that there is no such method
  if (!mistakes.empty()) {
    std::string text = "RPC:";
    for (const std::string& mistake : mistakes) {
      text.append("\n  ").append(mistake);
    }
    throw Exception(Code::internal, std::move(text));
  }
}

CallHandler Dispatcher::State::chain(CallHandler handler) const {
  for (const Interceptor& interceptor : std::views::reverse(options.interceptors)) {
    handler = interceptor(std::move(handler));
  }
  handler = authenticate(options.verifier)(std::move(handler));
  handler = recover()(std::move(handler));
  if (options.registry != nullptr) {
    handler = call_metrics(*options.registry, options.clock)(std::move(handler));
  }
  return access_log(options.logger, options.clock)(std::move(handler));
}

// Whether a path would be that of a method of a service that is here.
bool Dispatcher::State::is_of_service(std::string_view path) const {
  const std::string_view service = path.substr(0, path.rfind('/'));
  return std::ranges::any_of(
      paths, [&](const std::string& known) { return std::string_view(known).substr(0, known.rfind('/')) == service; });
}

// Whether a request whose path is no method's is a call all the same: it comes in a form that nothing but calls has, or
// for a service that is here. JSON for any other path is somebody else's.
bool Dispatcher::State::is_for_unknown(const http::Request& request, const std::optional<WireType>& type) const {
  if (!type || type->protocol != Protocol::connect_unary) {
    return type.has_value();
  }
  return (type->codec == Codec::proto || is_of_service(request.path())) && !rest.has(request.path());
}

// --- one call

Result<MessageFormat> Dispatcher::State::format_of(WireType type, const http::Request& request) const {
  if (const auto& refusal = request.refusal()) {
    const Code code = refusal->status == 413   ? Code::resource_exhausted
                      : refusal->status == 408 ? Code::deadline_exceeded
                                               : Code::invalid_argument;
    return fail_visible(code, std::string(refusal->text));
  }
  if (const auto timeout = read_timeout(type.protocol, request); !timeout) {
    return std::unexpected(timeout.error());
  }
  return read_format(type, request, limits());
}

std::optional<Clock::SteadyTime> Dispatcher::State::deadline_of(const Target& target,
                                                                const http::Request& request) const {
  if (const auto* kept = request.get<CallDeadline>()) {
    return kept->time;
  }
  const bool has_none = target.streams() || options.default_timeout == 0ns;
  return has_none ? std::optional<Clock::SteadyTime>() : options.clock.steady() + options.default_timeout;
}

http::BodyPlan Dispatcher::State::plan_for(const Target& target, WireType type, http::Request& request) const {
  const bool streams = target.streams() && type.protocol != Protocol::rest;
  auto timeout = target.streams() ? 0ns : options.default_timeout;
  if (const auto asked = read_timeout(type.protocol, request); asked && *asked) {
    timeout = std::max<std::chrono::nanoseconds>(**asked, 1ns);  // zero has passed, and to the server means no end
    request.set(CallDeadline{after(options.clock.steady(), timeout)});
  }
  // A stream has no length; each of its messages has a limit.
  const std::size_t most = options.max_received_bytes + (type.protocol == Protocol::rest ? 0 : kFrameHead);
  return {.max_bytes = streams ? std::numeric_limits<std::size_t>::max() : most,
          .streams = streams,
          .timeout = timeout,
          .timed_out = timed_out(type),
          .stops = true};
}

Result<void> Dispatcher::State::run(const Target& target, Context& context, WireReader& reader, MessageWriter& writer,
                                    WireType type) const {
  Call call{target.descriptor, target.access, context, reader, writer};
  auto result = target.handler(call);
  const bool is_grpc = type.protocol == Protocol::grpc || type.protocol == Protocol::grpc_web;
  if (!result && is_grpc && reader.has_fault() && result.error().code() == Code::invalid_argument) {
    // gRPC's table of status codes: what cannot be parsed is INTERNAL, whoever is to blame.
    return std::unexpected(Error(result.error()).with_code(Code::internal));
  }
  return result;
}

http::Response Dispatcher::State::serve_whole(const Target& target, const MessageFormat& format, WireReader& reader,
                                              http::Request& request, const RestBinding* rest_binding) const {
  http::Response response;
  Context context(request, target.name, deadline_of(target, request), options.clock);
  BodyAnswer body(format, context, response);
  std::optional<ResponseBody> field;
  MessageWriter& writer =
      rest_binding != nullptr ? static_cast<MessageWriter&>(field.emplace(*rest_binding, body)) : body;
  const auto result = run(target, context, reader, writer, format.type);
  put_headers(context, response.headers);
  finish(format.type, result, context.response_trailers(), response);
  return response;
}

Result<void> Dispatcher::State::produce(const Target& target, const MessageFormat& format, http::Request& request,
                                        std::optional<Clock::SteadyTime> deadline, const RestBinding* rest_binding,
                                        http::BodyWriter& out) const {
  Context context(request, target.name, deadline, options.clock);
  StreamAnswer answer(format, context, out);
  std::optional<ResponseBody> field;
  std::unique_ptr<WireReader> reader;
  MessageWriter* writer = &answer;
  if (rest_binding != nullptr) {
    reader = std::make_unique<RestMessage>(*rest_binding, request, format);
    writer = &field.emplace(*rest_binding, answer);
  } else {
    reader = std::make_unique<StreamMessages>(format, request);
  }
  const auto result = run(target, context, *reader, *writer, format.type);
  http::Response& head = out.response();
  if (!answer.has_begun()) {
    put_headers(context, head.headers);
    if (!result && rest_binding != nullptr) {
      http::Response refusal;
      finish(format.type, result, context.response_trailers(), refusal);
      head.status = reader->http_status_of_fault() != 0 ? reader->http_status_of_fault() : refusal.status;
      for (const auto [name, value] : refusal.headers) {
        head.headers.set(name, value);
      }
      return out.write(refusal.body);
    }
  }
  const std::string end = end_of_stream(format.type, result, context.response_trailers(), head);
  return end.empty() ? Result<void>() : out.write(end);
}

http::Response Dispatcher::State::serve_stream(const Target& target, const MessageFormat& format,
                                               http::Request& request, const RestBinding* rest_binding) const {
  http::Response response;
  if (rest_binding != nullptr) {
    response.headers.add("content-type", "application/x-ndjson");
    put_api_headers(response.headers);
  } else {
    response.headers.add("content-type", content_type(format.type));
  }
  const auto deadline = deadline_of(target, request);
  response.stream = http::StreamBody{
      .produce = [this, &target, format, &request, deadline, rest_binding](
                     http::BodyWriter& out) { return produce(target, format, request, deadline, rest_binding, out); },
      .length = std::nullopt,
      .late_head = true};
  return response;
}

// The answer to a call whose fields or body are broken: after its caller has been told, and without its handler.
http::Response Dispatcher::State::serve_unreadable(const Target& target, WireType type, http::Request& request,
                                                   const Error& error) const {
  request.set(Unreadable{error});
  NoMessages reader(error);
  return serve_whole(target, {.type = type, .limits = limits()}, reader, request);
}

http::Response Dispatcher::State::serve(const Target& target, WireType type, http::Request& request) const {
  const auto format = format_of(type, request);
  if (!format) {
    return serve_unreadable(target, type, request, format.error());
  }
  if (target.streams()) {
    return serve_stream(target, *format, request);
  }
  BodyMessage reader(*format, request.body());
  return serve_whole(target, *format, reader, request);
}

http::Response Dispatcher::State::serve_unknown(WireType type, http::Request& request) const {
  NoMessages reader(Error::visible(Code::unimplemented, "no such method"));
  http::Response response = serve_whole(unknown, {.type = type, .limits = limits()}, reader, request);
  if (response.status == connect_http_status(Code::unimplemented)) {
    response.status = 404;  // it is the path that there is not; a method that is not implemented is another thing
  }
  return response;
}

http::Response Dispatcher::State::serve_get(const Target& target, http::Request& request) const {
  constexpr WireType kGet{Protocol::connect_unary, Codec::json};  // until the query says another codec
  if (const auto good = format_of(kGet, request); !good) {
    return serve_unreadable(target, kGet, request, good.error());
  }
  const auto get = read_connect_get(request, limits());
  if (!get) {
    return serve_unreadable(target, kGet, request, get.error());
  }
  BodyMessage reader(get->format, get->message);
  return serve_whole(target, get->format, reader, request);
}

http::Response Dispatcher::State::serve_rest(http::Request& request) const {
  constexpr WireType kRest{Protocol::rest, Codec::json};
  const auto* route = rest.find(request.method(), request.path());
  if (route == nullptr) {
    http::Response answer =
        request.method() == http::Method::options ? http::no_content() : http::error(405, "method not allowed");
    return refuse(request, std::move(answer).with_header("allow", rest.allowed(request.path())));
  }
  const Target& target = *targets[route->owner];
  const auto format = format_of(kRest, request);
  if (!format) {
    http::Response answer = serve_unreadable(target, kRest, request, format.error());
    if (answer.status == http_status(format.error().code())) {
      // 413, which no code stands for; or a content-encoding that is not known (RFC 9110 §15.5.16).
      answer.status = request.refusal() ? request.refusal()->status : 415;
    }
    return answer;
  }
  if (target.streams()) {
    return serve_stream(target, *format, request, route->binding);
  }
  RestMessage reader(*route->binding, request, *format);
  http::Response answer = serve_whole(target, *format, reader, request, route->binding);
  if (const int status = reader.http_status_of_fault(); status != 0) {
    answer.status = status;
  } else if (answer.status == 200 && target.descriptor->output_type()->full_name() == "google.protobuf.Empty") {
    answer.status = 204;
    answer.headers.remove("content-type");
    answer.body.clear();
  }
  return answer;
}

// A refusal in HTTP's own terms, which the chain around the methods does not see.
http::Response Dispatcher::State::refuse(http::Request& request, const http::Response& refusal) const {
  return http::access_log(options.logger, options.clock)([&refusal](http::Request&) { return refusal; })(request);
}

http::Response Dispatcher::State::serve(const std::optional<WireType>& type, http::Request& request) const {
  const Target* target = find(request.path());
  if (target == nullptr) {
    return is_for_unknown(request, type) ? serve_unknown(*type, request) : serve_rest(request);
  }
  if (request.method() == http::Method::get && target->has_no_side_effects()) {
    return serve_get(*target, request);
  }
  // Not in JSON: who speaks Connect takes that for one of its errors.
  if (request.method() != http::Method::post) {
    return refuse(request, http::text("method not allowed\n")
                               .with_status(405)
                               .with_header("allow", target->has_no_side_effects() ? "GET, POST" : "POST"));
  }
  if (!type || !target->fits(*type)) {
    constexpr std::string_view kStreams =
        "application/grpc, application/grpc-web, application/connect+proto, application/connect+json";
    constexpr std::string_view kUnary = "application/grpc, application/grpc-web, application/proto, application/json";
    return refuse(request, http::text("unsupported media type\n")
                               .with_status(415)
                               .with_header("accept-post", target->streams() ? kStreams : kUnary));
  }
  return serve(*target, *type, request);
}

// --- the dispatcher

Dispatcher::Dispatcher(const std::vector<ServiceBase*>& services, DispatcherOptions options)
    : state_(std::make_unique<State>(std::move(options))) {
  for (ServiceBase* service : services) {
    state_->add(*service);
  }
  state_->finish_table();
}

Dispatcher::~Dispatcher() = default;

std::vector<Dispatcher::Entry> Dispatcher::entries() const {
  std::vector<Entry> entries;
  for (const auto& target : state_->targets) {
    Entry entry{.name = target->name,
                .kind = target->kind,
                .access = target->access,
                .is_internal = target->descriptor->options().GetExtension(mcdsl::v1::internal),
                .rest = {}};
    for (const RestBinding& binding : target->rest) {
      entry.rest.push_back({binding.method, binding.path.to_string()});
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

bool Dispatcher::takes(const http::Request& request) const noexcept {
  if (state_->find(request.path()) != nullptr) {
    return true;
  }
  return state_->is_for_unknown(request, wire_type(request)) || state_->rest.has(request.path());
}

http::BodyPlan Dispatcher::plan(http::Request& request) const {
  const Target* target = state_->find(request.path());
  const auto type = wire_type(request);
  if (target == nullptr && state_->is_for_unknown(request, type)) {
    return {.wants_body = false};  // a stream may have no end before it has an answer
  }
  if (target == nullptr) {
    const auto* route = state_->rest.find(request.method(), request.path());
    if (route == nullptr) {
      return {.wants_body = false};
    }
    request.set_route(route->pattern);
    return state_->plan_for(*state_->targets[route->owner], {Protocol::rest, Codec::json}, request);
  }
  request.set_route(state_->by_path.find(request.path())->first);
  const bool is_get = request.method() == http::Method::get && target->has_no_side_effects();
  if (!is_get && (request.method() != http::Method::post || !type || !target->fits(*type))) {
    return {.wants_body = false};
  }
  auto plan = state_->plan_for(*target, is_get ? WireType{Protocol::connect_unary, Codec::json} : *type, request);
  if (comes_as_text(type, request)) {
    plan_web_text(plan);
  }
  return plan;
}

http::Response Dispatcher::serve(http::Request& request) const {
  const auto type = wire_type(request);
  if (!comes_as_text(type, request)) {
    return state_->serve(type, request);
  }
  unpack_web_text(request);
  http::Response response = state_->serve(type, request);
  pack_web_text(response);
  return response;
}

}  // namespace mcdsl::grpcserver
