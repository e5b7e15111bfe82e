#include "mcdsl/http/internal/route_tree.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "mcdsl/base/bytes.h"

namespace mcdsl::http::internal {
namespace {

enum class Kind : std::uint8_t { literal, parameter, wildcard };

struct Segment {
  Kind kind;
  std::string_view text;  // of a parameter, its name
};

[[noreturn]] void refuse(const Route& route, std::string_view why) {
  throw Exception(Code::internal, "route " + std::string(name(route.method)) + " \"" + printable(route.pattern) +
                                      "\": " + std::string(why));
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_word);
}

// Of the characters of a path segment (RFC 3986 §3.3) those that have no meaning in a pattern and need no escape.
bool is_literal_char(char c) {
  return is_word(c) || std::string_view("-.~!$&'()+,;=:@").contains(c);
}

bool is_literal(std::string_view text) {
  return text != "." && text != ".." && std::ranges::all_of(text, is_literal_char);
}

Segment parse_segment(const Route& route, std::string_view text, bool last) {
  if (text == "*") {
    if (!last) {
      refuse(route, "'*' must be the last segment");
    }
    return {Kind::wildcard, text};
  }
  if (text.starts_with('{')) {
    const std::string_view inner = text.ends_with('}') ? text.substr(1, text.size() - 2) : std::string_view();
    if (!is_name(inner)) {
      refuse(route, "a parameter is a whole segment of the form {name}");
    }
    return {Kind::parameter, inner};
  }
  if (text.empty() && !last) {
    refuse(route, "a segment is empty");
  }
  if (!is_literal(text)) {
    refuse(route, "a segment is neither {name} nor '*' nor plain text");
  }
  return {Kind::literal, text};
}

// "/" has one segment, which is empty, and so has the end of any pattern with a '/' there.
std::vector<Segment> parse_pattern(const Route& route) {
  std::string_view rest = route.pattern;
  if (!rest.starts_with('/')) {
    refuse(route, "a pattern starts with '/'");
  }
  std::vector<Segment> segments;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::size_t end = std::min(rest.find('/'), rest.size());
    segments.push_back(parse_segment(route, rest.substr(0, end), end == rest.size()));
    rest.remove_prefix(end);
  }
  return segments;
}

std::vector<std::string> parameter_names(const Route& route, const std::vector<Segment>& segments) {
  std::vector<std::string> names;
  for (const Segment& segment : segments) {
    if (segment.kind == Kind::literal) {
      continue;
    }
    if (std::ranges::find(names, segment.text) != names.end()) {
      refuse(route, "parameter \"" + std::string(segment.text) + "\" is there twice");
    }
    names.emplace_back(segment.text);
  }
  if (names.size() > kMaxParameters) {
    refuse(route, "more than " + std::to_string(kMaxParameters) + " parameters");
  }
  return names;
}

}  // namespace

RouteTree::Node& RouteTree::Node::child(std::string_view literal) {
  auto at = std::ranges::lower_bound(children, literal, {}, [](const auto& node) -> auto& { return node->segment; });
  if (at == children.end() || (*at)->segment != literal) {
    at = children.insert(at, std::make_unique<Node>());
    (*at)->segment = literal;
  }
  return **at;
}

const RouteTree::Node* RouteTree::Node::find_child(std::string_view literal) const {
  const auto at =
      std::ranges::lower_bound(children, literal, {}, [](const auto& node) -> auto& { return node->segment; });
  return at != children.end() && (*at)->segment == literal ? at->get() : nullptr;
}

void RouteTree::insert(Endpoint endpoint) {
  const auto segments = parse_pattern(endpoint.route);
  endpoint.parameters = parameter_names(endpoint.route, segments);
  Node* node = &root_;
  ByMethod* end = &node->here;
  for (const Segment& segment : segments) {
    if (segment.kind == Kind::wildcard) {
      end = &node->wildcard;
      break;
    }
    if (segment.kind == Kind::literal) {
      node = &node->child(segment.text);
    } else {
      if (node->parameter == nullptr) {
        node->parameter = std::make_unique<Node>();
      }
      node = node->parameter.get();
    }
    end = &node->here;
  }
  const Endpoint*& slot = (*end)[static_cast<std::size_t>(endpoint.route.method)];
  if (slot != nullptr) {
    refuse(endpoint.route, "it answers the same requests as \"" + slot->route.pattern + "\"");
  }
  endpoints_.push_back(std::make_unique<Endpoint>(std::move(endpoint)));
  slot = endpoints_.back().get();
}

// One walk through the tree. A node is visited at most once, since it stands at one depth only.
struct RouteTree::Search {
  Method method{};
  Match match{};
  std::size_t captured = 0;

  // `rest` is empty or starts with the '/' before the next segment.
  bool descend(const Node& node, std::string_view rest) {
    if (rest.empty()) {
      return take(node.here);
    }
    const std::size_t slash = std::min(rest.find('/', 1), rest.size());
    const std::string_view segment = rest.substr(1, slash - 1);
    const std::string_view tail = rest.substr(slash);
    if (const Node* child = node.find_child(segment); child != nullptr && descend(*child, tail)) {
      return true;
    }
    if (node.parameter != nullptr && !segment.empty()) {
      match.captures[captured++] = segment;
      if (descend(*node.parameter, tail)) {
        return true;
      }
      --captured;
    }
    if (take(node.wildcard)) {
      match.captures[captured] = rest.substr(1);
      return true;
    }
    return false;
  }

  bool take(const ByMethod& endpoints) {
    match.endpoint = endpoints[static_cast<std::size_t>(method)];
    if (match.endpoint == nullptr && method == Method::head) {
      match.endpoint = endpoints[static_cast<std::size_t>(Method::get)];
    }
    for (std::size_t i = 0; i < endpoints.size() && match.endpoint == nullptr; ++i) {
      match.allowed[i] = match.allowed[i] || endpoints[i] != nullptr;
    }
    return match.endpoint != nullptr;
  }
};

RouteTree::Match RouteTree::find(Method method, std::string_view path) const {
  Search search{.method = method};
  search.descend(root_, path);
  return search.match;
}

}  // namespace mcdsl::http::internal
