#include "mcdsl/web/internal/program.h"

#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <variant>

namespace mcdsl::web::internal {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<Data::Value>> kKinds{
    "null", "a truth value", "a number", "a number", "a number", "a text", "HTML", "a list", "an object"};

// A loop that is being run.
struct Loop {
  std::span<const Data> items{};
  std::size_t at = 0;
};

std::string_view kind_of(const Data& data) {
  return kKinds[data.value().index()];
}

Error broken(const Reference& reference, const std::string& what) {
  return {Code::internal, reference.file + ":" + std::to_string(reference.line) + ": " + reference.text + ": " + what};
}

template <class Number>
std::string_view print(Number number, std::span<char> into) {
  const auto [end, fault] = std::to_chars(into.data(), into.data() + into.size(), number);
  return {into.data(), static_cast<std::size_t>(end - into.data())};
}

class Run {
 public:
  Run(const Program& program, const Data& data) : program_(program), data_(data), loops_(program.loops) {}

  Result<std::string> all();

 private:
  // Null, and `error_`, for a value that is not there.
  const Data* find(const Reference& reference);
  bool append(const Step& step);
  // False where there is nothing to loop over.
  bool begin_loop(const Step& step);

  const Program& program_;
  const Data& data_;
  std::vector<Loop> loops_;
  std::string out_;
  std::optional<Error> error_;
};

const Data* Run::find(const Reference& reference) {
  const Data* data = &data_;
  if (reference.loop != Reference::kRoot) {
    const Loop& loop = loops_[reference.loop];
    data = &loop.items[loop.at];
  }
  for (const std::string& name : reference.names) {
    const Data* member = data->find(name);
    if (member == nullptr) {
      error_ = broken(reference, std::holds_alternative<Data::Object>(data->value())
                                     ? "the data has no '" + name + "'"
                                     : "'" + name + "' is looked for in " + std::string(kind_of(*data)));
      return nullptr;
    }
    data = member;
  }
  return data;
}

bool Run::append(const Step& step) {
  const Reference& reference = program_.references[step.reference];
  const Data* data = find(reference);
  if (data == nullptr) {
    return false;
  }
  if (step.escape == Escape::json || step.escape == Escape::json_attribute) {
    append_json(out_, *data, step.escape);
    return true;
  }
  std::array<char, 32> digits{};
  const Data::Value& value = data->value();
  if (const auto* text = std::get_if<std::string>(&value)) {
    append_escaped(out_, *text, step.escape);
  } else if (const auto* html = std::get_if<SafeHtml>(&value)) {
    if (step.escape == Escape::html) {
      out_.append(html->html());
    } else {
      append_escaped(out_, html->html(), step.escape);
    }
  } else if (const auto* natural = std::get_if<std::uint64_t>(&value)) {
    append_escaped(out_, print(*natural, digits), step.escape);
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    append_escaped(out_, print(*integer, digits), step.escape);
  } else if (const auto* real = std::get_if<double>(&value)) {
    append_escaped(out_, print(*real, digits), step.escape);
  } else if (const auto* truth = std::get_if<bool>(&value)) {
    append_escaped(out_, *truth ? "true" : "false", step.escape);
  } else if (!std::holds_alternative<std::monostate>(value)) {
    error_ = broken(reference, "want a text or a number, found " + std::string(kind_of(*data)));
    return false;
  }
  return true;
}

bool Run::begin_loop(const Step& step) {
  const Reference& reference = program_.references[step.reference];
  const Data* data = find(reference);
  if (data == nullptr || std::holds_alternative<std::monostate>(data->value())) {
    return false;
  }
  const auto* list = std::get_if<Data::List>(&data->value());
  if (list == nullptr) {
    error_ = broken(reference, "want a list, found " + std::string(kind_of(*data)));
    return false;
  }
  loops_[step.loop] = {.items = *list};
  return !list->empty();
}

Result<std::string> Run::all() {
  out_.reserve(2 * program_.text.size());
  for (std::size_t at = 0; at < program_.steps.size();) {
    const Step& step = program_.steps[at];
    ++at;
    switch (step.kind) {
      case Step::Kind::text:
        out_.append(program_.text, step.begin, step.size);
        break;
      case Step::Kind::value:
        append(step);
        break;
      case Step::Kind::branch:
        if (const Data* data = find(program_.references[step.reference]);
            data != nullptr && data->truth() == step.negated) {
          at = step.target;
        }
        break;
      case Step::Kind::jump:
        at = step.target;
        break;
      case Step::Kind::loop:
        if (!begin_loop(step)) {
          at = step.target;
        }
        break;
      case Step::Kind::next:
        if (Loop& loop = loops_[step.loop]; loop.at + 1 < loop.items.size()) {
          ++loop.at;
          at = step.target;
        }
        break;
    }
    if (error_) {
      return fail(*std::move(error_));
    }
  }
  return std::move(out_);
}

}  // namespace

Result<std::string> Program::run(const Data& data) const {
  return Run(*this, data).all();
}

}  // namespace mcdsl::web::internal
