#include "mcdsl/service/internal/routes.h"

#include <algorithm>
#include <array>
#include <iomanip>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

namespace mcdsl::internal {
namespace {

using Line = std::array<std::string, 4>;  // method, path, rule, RPC

std::string_view word(grpcserver::Kind kind) {
  switch (kind) {
    case grpcserver::Kind::client_stream:
      return "client stream";
    case grpcserver::Kind::server_stream:
      return "server stream";
    case grpcserver::Kind::bidi_stream:
      return "bidi stream";
    case grpcserver::Kind::unary:
      break;
  }
  return "unary";
}

}  // namespace

void print_routes(const http::Router& router, const grpcserver::Dispatcher* dispatcher, std::ostream& out) {
  std::vector<Line> rest;
  std::vector<Line> calls;
  for (const http::Route& route : router.routes()) {
    rest.push_back({std::string(http::name(route.method)), route.pattern, "(in code)", ""});
  }
  if (dispatcher != nullptr) {
    for (const auto& entry : dispatcher->entries()) {
      calls.push_back({"RPC", "/" + entry.name, entry.access.to_string(), std::string(word(entry.kind))});
      for (const http::Route& route : entry.rest) {
        rest.push_back({std::string(http::name(route.method)), route.pattern, entry.access.to_string(), entry.name});
      }
    }
  }
  std::ranges::sort(rest, {}, [](const Line& line) { return std::tie(line[1], line[0]); });
  rest.insert(rest.end(), calls.begin(), calls.end());
  std::array<std::size_t, 3> widths{};
  for (const Line& line : rest) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      widths.at(i) = std::max(widths.at(i), line.at(i).size());
    }
  }
  for (const Line& line : rest) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const bool is_last = i + 1 == line.size() || line.at(i + 1).empty();
      out << std::left << std::setw(is_last ? 0 : static_cast<int>(widths.at(i)) + 2) << line.at(i);
      if (is_last) {
        break;
      }
    }
    out << '\n';
  }
}

bool check_routes(const grpcserver::Dispatcher* dispatcher, std::ostream& out) {
  bool is_whole = true;
  for (const auto& entry :
       dispatcher != nullptr ? dispatcher->entries() : std::vector<grpcserver::Dispatcher::Entry>()) {
    const bool is_standard = entry.name.starts_with("grpc.");  // health and reflection have none by their nature
    if (entry.rest.empty() && !entry.is_internal && !is_standard) {
      out << entry.name << " has no REST route and is not marked (mcdsl.v1.internal)\n";
      is_whole = false;
    }
  }
  return is_whole;
}

}  // namespace mcdsl::internal
