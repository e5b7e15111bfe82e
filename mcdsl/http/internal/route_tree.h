#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/http/application.h"
#include "mcdsl/http/router.h"

namespace mcdsl::http::internal {

using MethodSet = std::bitset<kMethodNames.size()>;

/// The most parameters that one pattern may have: a match keeps them on the stack.
inline constexpr std::size_t kMaxParameters = 16;

/// What is registered: a route and what answers it.
struct Endpoint {
  Route route;
  Handler handler;
  RouteOptions options;
  std::vector<std::string> parameters;  // filled by the tree: names in the order of the pattern, "*" the last
};

/// The segments of all patterns as a tree. Patterns that differ in the names of parameters only share a path in it, so
/// a clash is seen by both ending in one place.
class RouteTree {
 public:
  struct Match {
    const Endpoint* endpoint = nullptr;
    std::array<std::string_view, kMaxParameters> captures{};  // still encoded, as many as the endpoint has parameters
    MethodSet allowed;                                        // where there is no endpoint: what the path has instead
  };

  /// Throws Exception (internal) for a malformed pattern and for one that another covers.
  void insert(Endpoint endpoint);

  /// The best endpoint for a path that starts with '/'. HEAD falls back on GET. Allocates nothing.
  [[nodiscard]] Match find(Method method, std::string_view path) const;

  [[nodiscard]] const std::vector<std::unique_ptr<Endpoint>>& endpoints() const noexcept { return endpoints_; }

 private:
  using ByMethod = std::array<const Endpoint*, kMethodNames.size()>;

  struct Node {
    std::string segment;
    std::vector<std::unique_ptr<Node>> children;  // of literal segments, in their order
    std::unique_ptr<Node> parameter;
    ByMethod here{};      // for patterns that end at this node
    ByMethod wildcard{};  // for patterns that end with a '*' after it

    Node& child(std::string_view literal);
    [[nodiscard]] const Node* find_child(std::string_view literal) const;
  };

  struct Search;

  Node root_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
};

}  // namespace mcdsl::http::internal
