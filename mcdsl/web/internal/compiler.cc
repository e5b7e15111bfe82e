#include "mcdsl/web/internal/compiler.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "mcdsl/base/error.h"
#include "mcdsl/web/internal/placement.h"
#include "mcdsl/web/internal/placement_error.h"

namespace mcdsl::web::internal {
namespace {

constexpr std::size_t kMostNodes = 100'000;  // templates that include each other can grow without end
constexpr std::size_t kMostText = std::size_t{16} << 20U;
constexpr std::size_t kDeepest = 64;  // includes, blocks and sections within each other

class Compiler {
 public:
  Compiler(const Library& library, AssetUrl asset_url) : library_(library), asset_url_(asset_url) {}

  Program run(std::string_view name) {
    compile_template(library_.find(name)->second);
    for (const auto& [block, filling] : fillings_) {
      if (!filling.is_used) {
        refuse(filling.file, filling.node->line, "no layout has a block '" + block + "'");
      }
    }
    return std::move(program_);
  }

 private:
  // A block of a page, for the place of that name in its layout.
  struct Filling {
    const Node* node;
    std::string file;
    bool is_used = false;
  };

  // Where the program stood, to take back what was added since.
  struct Mark {
    std::size_t steps;
    std::size_t references;
    std::size_t text;
  };

  template <class Call>
  auto check(std::size_t line, Call call) {
    try {
      return call();
    } catch (const PlacementError& error) {
      refuse(file_, line, error.what);
    }
  }

  void compile_template(const ParsedTemplate& parsed);
  void compile_nodes(const std::vector<Node>& nodes);
  void compile_node(const Node& node);
  void add_value(const Node& node);
  void add_condition(const Node& node);
  void add_loop(const Node& node);
  void add_include(const Node& node);
  void add_block(const Node& node);
  void add_asset(const Node& node);

  // Reads the text so far, which ends at a directive in this line.
  void flush();
  void boundary(std::size_t line);
  std::uint32_t reference(const Node& node);
  std::size_t add_step(const Step& step);
  void land(std::size_t step) { program_.steps[step].target = static_cast<std::uint32_t>(program_.steps.size()); }
  [[nodiscard]] Mark mark() const { return {program_.steps.size(), program_.references.size(), program_.text.size()}; }
  void take_back(const Mark& mark);
  void body_of_loop(const Node& node, std::uint32_t loop);
  void join(const Node& node, const Placement& other, std::string_view what);
  const ParsedTemplate& find(std::string_view name, std::size_t line) const;
  // `what` is included within itself where it is in the list.
  void enter(std::vector<std::string>& active, const std::string& what, std::size_t line) const;

  const Library& library_;
  AssetUrl asset_url_;
  Program program_;
  Placement placement_;
  std::string file_;
  std::vector<std::string> active_;  // templates that are being put in
  std::vector<std::string> active_blocks_;
  std::vector<std::string> scope_;  // names of loops that are open
  std::map<std::string, Filling> fillings_;
  std::string pending_;                                             // text that was not yet read
  std::vector<std::pair<std::size_t, std::size_t>> pending_lines_;  // offsets in it and the lines they stand in
  std::size_t nodes_ = 0;
  std::size_t includes_ = 0;  // that are open
};

void Compiler::flush() {
  if (pending_.empty()) {
    return;
  }
  try {
    placement_.read(pending_);
  } catch (const PlacementError& error) {
    const auto piece = std::prev(
        std::ranges::upper_bound(pending_lines_, error.offset, {}, &std::pair<std::size_t, std::size_t>::first));
    const auto before = std::string_view(pending_).substr(piece->first, error.offset - piece->first);
    refuse(file_, piece->second + static_cast<std::size_t>(std::ranges::count(before, '\n')), error.what);
  }
  if (program_.text.size() + pending_.size() > kMostText) {
    refuse(file_, pending_lines_.front().second, "the template and what it includes are too large");
  }
  add_step({.kind = Step::Kind::text,
            .begin = static_cast<std::uint32_t>(program_.text.size()),
            .size = static_cast<std::uint32_t>(pending_.size())});
  program_.text.append(pending_);
  pending_.clear();
  pending_lines_.clear();
}

void Compiler::boundary(std::size_t line) {
  flush();
  check(line, [this] { placement_.boundary(); });
}

std::size_t Compiler::add_step(const Step& step) {
  program_.steps.push_back(step);
  return program_.steps.size() - 1;
}

void Compiler::take_back(const Mark& mark) {
  program_.steps.resize(mark.steps);
  program_.references.resize(mark.references);
  program_.text.resize(mark.text);
}

std::uint32_t Compiler::reference(const Node& node) {
  Reference reference{.names = node.path, .file = file_, .line = node.line};
  for (const std::string& name : node.path) {
    reference.text.append(reference.text.empty() ? "" : ".").append(name);
  }
  if (const auto loop = std::ranges::find(scope_, node.path.front()); loop != scope_.end()) {
    reference.loop = static_cast<std::uint32_t>(loop - scope_.begin());
    reference.names.erase(reference.names.begin());
  }
  program_.references.push_back(std::move(reference));
  return static_cast<std::uint32_t>(program_.references.size() - 1);
}

void Compiler::join(const Node& node, const Placement& other, std::string_view what) {
  if (!placement_.join(other)) {
    refuse(file_, node.line, std::string(what) + ": " + placement_.where() + ", and " + other.where());
  }
}

const ParsedTemplate& Compiler::find(std::string_view name, std::size_t line) const {
  const auto found = library_.find(name);
  if (found == library_.end()) {
    refuse(file_, line, "there is no template '" + std::string(name) + "'");
  }
  return found->second;
}

void Compiler::enter(std::vector<std::string>& active, const std::string& what, std::size_t line) const {
  if (std::ranges::find(active, what) != active.end()) {
    refuse(file_, line, "'" + what + "' includes itself");
  }
  if (active_.size() + active_blocks_.size() + scope_.size() >= kDeepest) {
    refuse(file_, line, "nested too deep");
  }
  active.push_back(what);
}

void Compiler::compile_template(const ParsedTemplate& parsed) {  // NOLINT(misc-no-recursion): `enter` bounds it
  const std::string file = std::exchange(file_, parsed.name);
  enter(active_, parsed.name, parsed.layout.empty() ? 1 : parsed.layout_line);
  if (parsed.layout.empty()) {
    compile_nodes(parsed.nodes);
  } else {
    for (const Node& node : parsed.nodes) {
      if (node.kind == Node::Kind::block) {
        fillings_.try_emplace(node.name, Filling{.node = &node, .file = parsed.name});  // an outer page goes before
      }
    }
    compile_template(find(parsed.layout, parsed.layout_line));
  }
  flush();
  if (includes_ == 0 && parsed.layout.empty()) {
    check(parsed.lines, [this] { placement_.finish(); });
  }
  active_.pop_back();
  file_ = file;
}

void Compiler::compile_nodes(const std::vector<Node>& nodes) {  // NOLINT(misc-no-recursion)
  for (const Node& node : nodes) {
    if (++nodes_ > kMostNodes) {
      refuse(file_, node.line, "the template and what it includes are too large");
    }
    compile_node(node);
  }
}

void Compiler::compile_node(const Node& node) {  // NOLINT(misc-no-recursion)
  switch (node.kind) {
    case Node::Kind::text:
      pending_lines_.emplace_back(pending_.size(), node.line);
      pending_.append(node.name);
      return;
    case Node::Kind::asset:
      return add_asset(node);
    case Node::Kind::value:
      return add_value(node);
    case Node::Kind::condition:
      return add_condition(node);
    case Node::Kind::loop:
      return add_loop(node);
    case Node::Kind::include:
      return add_include(node);
    case Node::Kind::block:
      return add_block(node);
  }
}

// Its URL is text of the template, as if written there: no more is known of it, and no less.
void Compiler::add_asset(const Node& node) {
  const std::string* url = asset_url_(node.name);
  if (url == nullptr) {
    refuse(file_, node.line, "there is no asset '" + node.name + "'");
  }
  pending_lines_.emplace_back(pending_.size(), node.line);
  pending_.append(*url);
}

void Compiler::add_value(const Node& node) {
  boundary(node.line);
  const Escape escape = check(node.line, [this] { return placement_.value(); });
  add_step({.kind = Step::Kind::value, .escape = escape, .reference = reference(node)});
}

void Compiler::add_condition(const Node& node) {  // NOLINT(misc-no-recursion)
  boundary(node.line);
  const Placement before = placement_;
  const std::size_t branch =
      add_step({.kind = Step::Kind::branch, .negated = node.negated, .reference = reference(node)});
  compile_nodes(node.body);
  boundary(node.line);
  if (node.otherwise.empty()) {
    land(branch);
    join(node, before, "this condition does not end in the context in which it begins");
    return;
  }
  const Placement after = placement_;
  const std::size_t skip = add_step({.kind = Step::Kind::jump});
  land(branch);
  placement_ = before;
  compile_nodes(node.otherwise);
  boundary(node.line);
  land(skip);
  join(node, after, "the branches of this condition end in different contexts");
}

void Compiler::body_of_loop(const Node& node, std::uint32_t loop) {  // NOLINT(misc-no-recursion)
  const auto start = static_cast<std::uint32_t>(program_.steps.size());
  scope_.push_back(node.name);
  compile_nodes(node.body);
  boundary(node.line);
  scope_.pop_back();
  add_step({.kind = Step::Kind::next, .target = start, .loop = loop});
}

void Compiler::add_loop(const Node& node) {  // NOLINT(misc-no-recursion)
  constexpr std::string_view kUnlike = "this loop does not end in the context in which it begins";
  boundary(node.line);
  if (std::ranges::find(scope_, node.name) != scope_.end()) {
    refuse(file_, node.line, "'" + node.name + "' is the name of a loop around this one, too");
  }
  const Placement before = placement_;
  const auto loop = static_cast<std::uint32_t>(scope_.size());
  program_.loops = std::max(program_.loops, loop + 1);
  const std::size_t begin = add_step({.kind = Step::Kind::loop, .reference = reference(node), .loop = loop});
  const Mark body = mark();
  body_of_loop(node, loop);

  // A second item begins where the first one ended.
  const Placement first_end = placement_;
  placement_ = before;
  join(node, first_end, kUnlike);
  if (placement_ != before) {
    const Placement again = placement_;
    take_back(body);
    body_of_loop(node, loop);
    const Placement second_end = std::exchange(placement_, again);
    join(node, second_end, kUnlike);
    if (placement_ != again) {
      refuse(file_, node.line, kUnlike);
    }
  }
  const Placement after = placement_;
  if (node.otherwise.empty()) {
    land(begin);
    return;
  }
  const std::size_t skip = add_step({.kind = Step::Kind::jump});
  land(begin);
  placement_ = before;
  compile_nodes(node.otherwise);
  boundary(node.line);
  land(skip);
  join(node, after, "the loop and its {{else}} end in different contexts");
}

void Compiler::add_include(const Node& node) {  // NOLINT(misc-no-recursion)
  boundary(node.line);
  const ParsedTemplate& included = find(node.name, node.line);
  if (!included.layout.empty()) {
    refuse(file_, node.line, "'" + node.name + "' is a page with a layout of its own");
  }
  ++includes_;
  compile_template(included);
  --includes_;
  boundary(node.line);
}

void Compiler::add_block(const Node& node) {  // NOLINT(misc-no-recursion)
  boundary(node.line);
  const auto filling = fillings_.find(node.name);
  const std::string file = filling == fillings_.end() ? file_ : filling->second.file;
  enter(active_blocks_, node.name, node.line);
  const std::string outer = std::exchange(file_, file);
  if (filling == fillings_.end()) {
    compile_nodes(node.body);
  } else {
    filling->second.is_used = true;
    compile_nodes(filling->second.node->body);
  }
  flush();
  file_ = outer;
  active_blocks_.pop_back();
  boundary(node.line);
}

}  // namespace

Program compile(const Library& library, std::string_view name, AssetUrl asset_url) {
  return Compiler(library, asset_url).run(name);
}

}  // namespace mcdsl::web::internal
