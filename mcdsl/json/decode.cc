#include "mcdsl/json/decode.h"

#include <algorithm>
#include <array>
#include <limits>
#include <variant>

#include <nlohmann/json.hpp>

#include "mcdsl/base/bytes.h"
#include "mcdsl/json/visit.h"

namespace mcdsl::json::internal {
namespace {

constexpr std::size_t kDeepest = 256;

struct Null {};
struct Array {};
struct Object {};

// A place in the tree or in its text. A node is half the size for it, and a short document can have many.
using Index = std::uint32_t;

// A piece of the tree's text.
struct Text {
  Index at = 0;
  Index size = 0;
};

// Numbers as the parser tells them apart: negative integers, other integers, all else.
using Data = std::variant<Null, bool, std::int64_t, std::uint64_t, double, Text, Array, Object>;

constexpr std::array<std::string_view, std::variant_size_v<Data>> kKinds{
    "null", "a boolean", "a number", "a number", "a number", "a string", "an array", "an object"};

struct Node {
  Data data;
  Text key;                // of a member
  Index end = 0;           // one past its last descendant
  bool asked_for = false;  // by a bind
};

}  // namespace

// The values of a document in the order in which they begin: the children of a node stand behind it, each `end` leads
// to the next one. No recursion in building, checking or destroying it.
class Tree {
 public:
  Tree(std::string_view text, DecodeOptions options);

  // What the parser calls; false stops it.
  bool null() { return add(Null{}); }
  bool boolean(bool truth) { return add(truth); }
  bool number_integer(std::int64_t number) { return add(number); }
  bool number_unsigned(std::uint64_t number) { return add(number); }
  bool number_float(double number, const std::string& /*text*/) { return add(number); }
  bool string(const std::string& text) { return add(keep(text)); }
  bool binary(const std::vector<std::uint8_t>& /*bytes*/) { return false; }  // never in JSON text
  bool key(const std::string& name) {
    key_ = keep(name);
    return true;
  }
  bool start_object(std::size_t /*count*/) { return open(Object{}); }
  bool start_array(std::size_t /*count*/) { return open(Array{}); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t bytes_read, const std::string& /*token*/, const std::exception& /*quotes the text*/) {
    malformed_at_ = bytes_read == 0 ? 0 : bytes_read - 1;
    return false;
  }

  // The data of a node if it is of that type; notes an error and gives null if not.
  template <class T>
  const T* expect(std::size_t index, std::string_view wanted) {
    const T* data = std::get_if<T>(&nodes_[index].data);
    if (data == nullptr) {
      refuse(index, "want " + std::string(wanted) + ", found " + std::string(kKinds[nodes_[index].data.index()]));
    }
    return data;
  }

  // Notes what is wrong with a node, unless something is wrong already.
  void refuse(std::size_t index, const std::string& what);
  void refuse_member(std::size_t object, std::string_view name, const std::string& what);

  [[nodiscard]] Node& node(std::size_t index) { return nodes_[index]; }
  [[nodiscard]] std::string_view view(Text text) const { return std::string_view(text_).substr(text.at, text.size); }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] bool allows_unknown_fields() const { return options_.allow_unknown_fields; }

  // Tells the visitor every value, in the order in which they begin.
  void tell(Visitor& visitor) const;

  // Calls `visit(index)` for each child of a node.
  template <class Visit>
  void for_each_child(std::size_t parent, Visit visit) const {
    for (std::size_t child = parent + 1; child < nodes_[parent].end; child = nodes_[child].end) {
      visit(child);
    }
  }

 private:
  bool add(Data data) {
    nodes_.push_back({data, key_, static_cast<Index>(nodes_.size() + 1)});
    return true;
  }
  bool open(Data data) {
    if (open_.size() == options_.max_depth) {
      fail_with("nested deeper than " + std::to_string(options_.max_depth) + " levels");
      return false;
    }
    open_.push_back(nodes_.size());
    return add(data);
  }
  bool close() {
    nodes_[open_.back()].end = static_cast<Index>(nodes_.size());
    open_.pop_back();
    return true;
  }
  Text keep(std::string_view text) {
    const Text kept{static_cast<Index>(text_.size()), static_cast<Index>(text.size())};
    text_.append(text);
    return kept;
  }

  void refuse_fields_given_twice(std::size_t object);
  [[nodiscard]] std::string path_to(std::size_t target) const;
  void fail_with(std::string message) {
    if (!error_) {
      error_ = Error::visible(Code::invalid_argument, std::move(message));
    }
  }

  DecodeOptions options_;
  std::vector<Node> nodes_;
  std::string text_;
  Text key_;
  std::vector<std::size_t> open_;
  std::size_t malformed_at_ = 0;
  std::optional<Error> error_;
};

Tree::Tree(std::string_view text, DecodeOptions options) : options_(options) {
  if (options.max_depth > kDeepest) {
    throw Exception(Code::internal, "json::decode: max_depth is above " + std::to_string(kDeepest));
  }
  if (text.size() >= std::numeric_limits<Index>::max()) {  // neither nodes nor their text are more than its bytes
    fail_with("the JSON document is longer than 4 GiB");
    return;
  }
  if (!nlohmann::json::sax_parse(text, this)) {
    fail_with(is_valid_utf8(text) ? "malformed JSON at byte " + std::to_string(malformed_at_)
                                  : "the JSON document is not valid UTF-8");
    return;
  }
  for (std::size_t i = 0; i < nodes_.size() && !error_; ++i) {
    if (std::holds_alternative<Object>(nodes_[i].data)) {
      refuse_fields_given_twice(i);
    }
  }
}

// By sorting: an object with a hundred thousand fields must not cost the square of that.
void Tree::refuse_fields_given_twice(std::size_t object) {
  std::vector<std::pair<std::string_view, std::size_t>> names;
  for_each_child(object, [&](std::size_t child) { names.emplace_back(view(nodes_[child].key), child); });
  std::ranges::sort(names);
  const auto twin = std::ranges::adjacent_find(names, {}, &std::pair<std::string_view, std::size_t>::first);
  if (twin != names.end()) {
    refuse(twin->second, "the field is there twice");
  }
}

// The path is looked for once only: a hundred thousand mistakes must not cost the square of that either.
void Tree::refuse(std::size_t index, const std::string& what) {
  if (!error_) {
    const std::string path = path_to(index);
    fail_with(path.empty() ? what : path + ": " + what);
  }
}

void Tree::refuse_member(std::size_t object, std::string_view name, const std::string& what) {
  if (!error_) {
    const std::string path = path_to(object);
    fail_with((path.empty() ? "" : path + ".") + std::string(name) + ": " + what);
  }
}

std::string Tree::path_to(std::size_t target) const {
  constexpr std::size_t kLongestName = 64;
  std::string path;
  for (std::size_t at = 0; at != target;) {
    std::size_t child = at + 1;
    std::size_t position = 0;
    for (; nodes_[child].end <= target; child = nodes_[child].end) {
      ++position;
    }
    if (std::holds_alternative<Array>(nodes_[at].data)) {
      path.append("[").append(std::to_string(position)).append("]");
    } else {
      path.append(path.empty() ? "" : ".").append(printable(view(nodes_[child].key), kLongestName));
    }
    at = child;
  }
  return path;
}

void Tree::tell(Visitor& visitor) const {
  std::vector<std::size_t> open;
  const auto close = [&](std::size_t reached) {
    while (!open.empty() && nodes_[open.back()].end <= reached) {
      std::holds_alternative<Object>(nodes_[open.back()].data) ? visitor.end_object() : visitor.end_array();
      open.pop_back();
    }
  };
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    close(i);
    if (!open.empty() && std::holds_alternative<Object>(nodes_[open.back()].data)) {
      visitor.key(view(nodes_[i].key));
    }
    if (const auto* truth = std::get_if<bool>(&nodes_[i].data)) {
      visitor.boolean(*truth);
    } else if (const auto* negative = std::get_if<std::int64_t>(&nodes_[i].data)) {
      visitor.negative(*negative);
    } else if (const auto* natural = std::get_if<std::uint64_t>(&nodes_[i].data)) {
      visitor.natural(*natural);
    } else if (const auto* real = std::get_if<double>(&nodes_[i].data)) {
      visitor.real(*real);
    } else if (const auto* text = std::get_if<Text>(&nodes_[i].data)) {
      visitor.string(view(*text));
    } else if (std::holds_alternative<Null>(nodes_[i].data)) {
      visitor.null();
    } else {
      std::holds_alternative<Object>(nodes_[i].data) ? visitor.begin_object() : visitor.begin_array();
      open.push_back(i);
    }
  }
  close(nodes_.size());
}

void Value::read(bool& out) const {
  if (const auto* truth = tree_->expect<bool>(index_, "a boolean")) {
    out = *truth;
  }
}

void Value::read(double& out) const {
  const Data& data = tree_->node(index_).data;
  if (const auto* negative = std::get_if<std::int64_t>(&data)) {
    out = static_cast<double>(*negative);
  } else if (const auto* natural = std::get_if<std::uint64_t>(&data)) {
    out = static_cast<double>(*natural);
  } else if (const auto* real = tree_->expect<double>(index_, "a number")) {
    out = *real;
  }
}

void Value::read(std::string& out) const {
  if (const auto* text = tree_->expect<Text>(index_, "a string")) {
    out = tree_->view(*text);
  }
}

void Value::read(Secret& out) const {
  if (const auto* text = tree_->expect<Text>(index_, "a string")) {
    out = Secret(std::string(tree_->view(*text)));
  }
}

namespace {

// Whether the number is an integer at all and within its limits is told in one sentence.
void refuse_number(Tree& tree, std::size_t index, const std::string& low, const std::string& high) {
  const Data& data = tree.node(index).data;
  const std::string wanted = "want a whole number from " + low + " to " + high;
  const bool is_number = std::holds_alternative<std::int64_t>(data) || std::holds_alternative<std::uint64_t>(data) ||
                         std::holds_alternative<double>(data);
  tree.refuse(index, is_number ? wanted : "want a whole number, found " + std::string(kKinds[data.index()]));
}

}  // namespace

std::uint64_t Value::read_unsigned(std::uint64_t high) const {
  const auto* natural = std::get_if<std::uint64_t>(&tree_->node(index_).data);
  if (natural != nullptr && *natural <= high) {
    return *natural;
  }
  refuse_number(*tree_, index_, "0", std::to_string(high));
  return 0;
}

std::int64_t Value::read_signed(std::int64_t low, std::int64_t high) const {
  const Data& data = tree_->node(index_).data;
  if (const auto* natural = std::get_if<std::uint64_t>(&data);
      natural != nullptr && std::cmp_less_equal(*natural, high)) {
    return static_cast<std::int64_t>(*natural);
  }
  if (const auto* negative = std::get_if<std::int64_t>(&data); negative != nullptr && *negative >= low) {
    return *negative;
  }
  refuse_number(*tree_, index_, std::to_string(low), std::to_string(high));
  return 0;
}

bool Value::is_null() const {
  return std::holds_alternative<Null>(tree_->node(index_).data);
}

bool Value::expect_object() const {
  return tree_->expect<Object>(index_, "an object") != nullptr;
}

std::vector<Value> Value::elements() const {
  std::vector<Value> found;
  if (tree_->expect<Array>(index_, "an array") != nullptr) {
    tree_->for_each_child(index_, [&](std::size_t child) { found.emplace_back(*tree_, child); });
  }
  return found;
}

std::vector<std::pair<std::string_view, Value>> Value::members() const {
  std::vector<std::pair<std::string_view, Value>> found;
  if (expect_object()) {
    tree_->for_each_child(index_, [&](std::size_t child) {
      found.emplace_back(tree_->view(tree_->node(child).key), Value(*tree_, child));
    });
  }
  return found;
}

std::optional<Value> Value::find(std::string_view name) const {
  std::optional<Value> found;
  tree_->for_each_child(index_, [&](std::size_t child) {
    Node& member = tree_->node(child);
    if (tree_->view(member.key) == name) {
      member.asked_for = true;
      found = Value(*tree_, child);
    }
  });
  return found;
}

std::optional<Value> Value::require(std::string_view name) const {
  const auto found = find(name);
  if (!found) {
    tree_->refuse_member(index_, name, "the field is missing");
  }
  return found;
}

void Value::refuse_unknown_fields() const {
  if (tree_->allows_unknown_fields()) {
    return;
  }
  tree_->for_each_child(index_, [&](std::size_t child) {
    if (!tree_->node(child).asked_for) {
      tree_->refuse(child, "unknown field");
    }
  });
}

Document::Document(std::string_view text, DecodeOptions options) : tree_(std::make_unique<Tree>(text, options)) {}

Document::~Document() = default;

const std::optional<Error>& Document::error() const noexcept {
  return tree_->error();
}

}  // namespace mcdsl::json::internal

namespace mcdsl::json {

Result<void> visit(std::string_view text, Visitor& visitor, DecodeOptions options) {
  const internal::Tree tree(text, options);
  if (tree.error()) {
    return fail(*tree.error());
  }
  tree.tell(visitor);
  return {};
}

}  // namespace mcdsl::json
