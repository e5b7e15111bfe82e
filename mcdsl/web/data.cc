#include "mcdsl/web/data.h"

#include "mcdsl/json/visit.h"

namespace mcdsl::web {

// Builds a tree of what a document holds. The stack is of the containers that are open.
class Data::Builder final : public json::Visitor {
 public:
  void null() override { add({}); }
  void boolean(bool truth) override { add(truth); }
  void negative(std::int64_t number) override { add(number); }
  void natural(std::uint64_t number) override { add(number); }
  void real(double number) override { add(number); }
  void string(std::string_view text) override { add(text); }
  void key(std::string_view name) override { open_.back().key = name; }
  void begin_object() override { open_.push_back({Data::object(), {}}); }
  void end_object() override { close(); }
  void begin_array() override { open_.push_back({Data::list(), {}}); }
  void end_array() override { close(); }

  [[nodiscard]] Data take() && { return std::move(root_); }

 private:
  struct Open {
    Data data;
    std::string key;
  };

  void add(Data data) {
    if (open_.empty()) {
      root_ = std::move(data);
    } else if (auto* list = std::get_if<List>(&open_.back().data.value_)) {
      list->push_back(std::move(data));
    } else {
      // No name comes twice in a document that was taken: nothing needs to be searched.
      std::get<Object>(open_.back().data.value_).emplace_back(std::move(open_.back().key), std::move(data));
    }
  }
  void close() {
    Data done = std::move(open_.back().data);
    open_.pop_back();
    add(std::move(done));
  }

  std::vector<Open> open_;
  Data root_;
};

Data Data::object() {
  constexpr std::size_t kFew = 8;  // most rows have no more, and growing costs more than filling
  Data data;
  data.value_.emplace<Object>().reserve(kFew);
  return data;
}

Data Data::list() {
  return Data(List());
}

Result<Data> Data::from_json(std::string_view text) {
  Builder builder;
  if (auto read = json::visit(text, builder); !read) {
    return fail(std::move(read).error());
  }
  return std::move(builder).take();
}

Data::Object& Data::as_object() {
  if (std::holds_alternative<std::monostate>(value_)) {
    *this = Data::object();
  }
  auto* object = std::get_if<Object>(&value_);
  if (object == nullptr) {
    throw Exception(Code::internal, "web::Data: a member is set in what is no object");
  }
  return *object;
}

Data& Data::set(std::string_view name, Data value) {
  (*this)[name] = std::move(value);
  return *this;
}

Data& Data::operator[](std::string_view name) {
  Object& object = as_object();
  for (Member& member : object) {
    if (member.name == name) {
      return member.value;
    }
  }
  return object.emplace_back(std::string(name), Data()).value;
}

void Data::push_back(Data item) {
  if (std::holds_alternative<std::monostate>(value_)) {
    value_ = List();
  }
  auto* list = std::get_if<List>(&value_);
  if (list == nullptr) {
    throw Exception(Code::internal, "web::Data: an item is added to what is no list");
  }
  list->push_back(std::move(item));
}

const Data* Data::find(std::string_view name) const noexcept {
  if (const auto* object = std::get_if<Object>(&value_)) {
    for (const Member& member : *object) {
      if (member.name == name) {
        return &member.value;
      }
    }
  }
  return nullptr;
}

bool Data::truth() const noexcept {
  struct Truth {
    bool operator()(std::monostate /*null*/) const { return false; }
    bool operator()(bool truth) const { return truth; }
    bool operator()(std::int64_t number) const { return number != 0; }
    bool operator()(std::uint64_t number) const { return number != 0; }
    bool operator()(double number) const { return number != 0; }
    bool operator()(const std::string& text) const { return !text.empty(); }
    bool operator()(const SafeHtml& html) const { return !html.html().empty(); }
    bool operator()(const List& list) const { return !list.empty(); }
    bool operator()(const Object& /*object*/) const { return true; }
  };
  return std::visit(Truth(), value_);
}

}  // namespace mcdsl::web
