#pragma once

#include <cstdint>
#include <string_view>

#include "mcdsl/base/result.h"
#include "mcdsl/json/decode.h"

namespace mcdsl::json {

/// Is told the values of a document in their order. Lifetime: views are good for the call.
class Visitor {
 public:
  virtual ~Visitor() = default;

  virtual void null() = 0;
  virtual void boolean(bool truth) = 0;
  virtual void negative(std::int64_t number) = 0;  ///< a whole number below zero
  virtual void natural(std::uint64_t number) = 0;  ///< any other whole number
  virtual void real(double number) = 0;            ///< a number with a fraction or exponent, or too large for those
  virtual void string(std::string_view text) = 0;
  virtual void key(std::string_view name) = 0;  ///< before each member's value
  virtual void begin_object() = 0;
  virtual void end_object() = 0;
  virtual void begin_array() = 0;
  virtual void end_array() = 0;

 protected:
  Visitor() = default;
  Visitor(const Visitor&) = default;
  Visitor& operator=(const Visitor&) = default;
};

/// Reads a JSON document (RFC 8259) whose form is not known before. The visitor is called once the whole is known to be
/// well-formed. Errors: those of `decode` that do not hang on a type; `allow_unknown_fields` has no meaning here.
[[nodiscard]] Result<void> visit(std::string_view text, Visitor& visitor, DecodeOptions options = {});

}  // namespace mcdsl::json
