// Decodes any bytes into a value with every type in it, and reads back what the writer makes of them.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/bytes.h"
#include "mcdsl/json/decode.h"
#include "mcdsl/json/visit.h"
#include "mcdsl/json/writer.h"

namespace {

using mcdsl::json::decode;
using mcdsl::json::DecodeOptions;

struct Everything {
  bool truth = false;
  double real = 0;
  std::int8_t small = 0;
  std::uint64_t large = 0;
  std::string text;
  mcdsl::Secret secret;
  std::optional<std::int64_t> maybe;
  std::map<std::string, double> numbers;
  std::vector<Everything> children;

  void bind(mcdsl::json::Fields& fields) {
    fields.optional("truth", truth);
    fields.optional("real", real);
    fields.optional("small", small);
    fields.optional("large", large);
    fields.optional("text", text);
    fields.optional("secret", secret);
    fields.optional("maybe", maybe);
    fields.optional("numbers", numbers);
    fields.optional("children", children);
  }
};

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

void check_refusals(std::string_view text) {
  const auto strict = decode<Everything>(text);
  const auto lenient = decode<Everything>(text, {.allow_unknown_fields = true, .max_depth = 64});
  require(!strict || lenient);
  if (!strict) {
    require(strict.error().code() == mcdsl::Code::invalid_argument);
    require(mcdsl::is_valid_utf8(strict.error().public_text()));
  }
}

// Writes what it is told.
class Echo final : public mcdsl::json::Visitor {
 public:
  void null() override { out.null(); }
  void boolean(bool truth) override { out.value(truth); }
  void negative(std::int64_t number) override { out.value(number); }
  void natural(std::uint64_t number) override { out.value(number); }
  void real(double number) override { out.value(number); }
  void string(std::string_view text) override { out.value(text); }
  void key(std::string_view name) override { out.key(name); }
  void begin_object() override { out.begin_object(); }
  void end_object() override { out.end_object(); }
  void begin_array() override { out.begin_array(); }
  void end_array() override { out.end_array(); }

  mcdsl::json::Writer out;
};

// A document that is told gives, written again, one that is told alike.
void check_visit(std::string_view text) {
  Echo once;
  if (mcdsl::json::visit(text, once)) {
    Echo twice;
    require(mcdsl::json::visit(once.out.view(), twice).has_value());
    require(once.out.view() == twice.out.view());
  }
}

void check_round_trip(std::string_view text) {
  mcdsl::json::Writer writer;
  writer.begin_object().field("text", text).key("numbers").begin_object().field(text, 0.5).end_object().end_object();
  const auto back = decode<Everything>(writer.view());
  require(back.has_value());
  require(!mcdsl::is_valid_utf8(text) || (back->text == text && back->numbers.contains(std::string(text))));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_refusals(text);
  check_visit(text);
  check_round_trip(text);
  return 0;
}
