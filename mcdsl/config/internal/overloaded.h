#pragma once

namespace mcdsl::config::internal {

/// Lambdas as one visitor for std::visit.
template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

}  // namespace mcdsl::config::internal
