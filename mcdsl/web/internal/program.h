#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/result.h"
#include "mcdsl/web/data.h"
#include "mcdsl/web/internal/escape.h"

namespace mcdsl::web::internal {

/// A value that a template names, and where.
struct Reference {
  static constexpr std::uint32_t kRoot = static_cast<std::uint32_t>(-1);

  std::uint32_t loop = kRoot;        ///< the loop whose item it begins at
  std::vector<std::string> names{};  ///< the way from there
  std::string text{};                ///< as the template writes it
  std::string file{};
  std::size_t line = 0;
};

/// One step. `target` is the index of another one.
struct Step {
  enum class Kind : std::uint8_t {
    text,    ///< append `size` bytes of the text from `begin` on
    value,   ///< append the value of the reference, escaped
    branch,  ///< go to the target if the reference's truth is `negated`
    jump,    ///< go to the target
    loop,    ///< begin a loop over the reference; go to the target if there is nothing in it
    next,    ///< go to the target with the loop's next item, if there is one
  };
  Kind kind = Kind::text;
  Escape escape = Escape::html;
  bool negated = false;
  std::uint32_t target = 0;
  std::uint32_t reference = 0;
  std::uint32_t loop = 0;
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
};

/// A template with all that it includes, flat: rendering it is one pass over its steps.
struct Program {
  std::vector<Step> steps{};
  std::vector<Reference> references{};
  std::string text{};
  std::uint32_t loops = 0;  ///< how many may be open at once

  /// Errors: internal, with file and line, for a value that is not there or of the wrong kind.
  [[nodiscard]] Result<std::string> run(const Data& data) const;
};

}  // namespace mcdsl::web::internal
