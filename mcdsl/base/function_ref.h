#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace mcdsl {

template <class Signature>
class FunctionRef;

/// A callable object (a lambda, say) that belongs to somebody else: two words, no allocation, for parameters that a
/// function calls before it returns. Lifetime: the callable outlives the reference; a temporary argument lives as long
/// as the call. (std::function_ref comes with C++26.)
template <class Return, class... Arguments>
class FunctionRef<Return(Arguments...)> {
 public:
  template <class Callable>
    requires(std::is_object_v<Callable> && !std::same_as<Callable, FunctionRef> &&
             std::is_invocable_r_v<Return, const Callable&, Arguments...>)
  explicit(false) FunctionRef(const Callable& callable) noexcept
      : object_(std::addressof(callable)), call_(&call<Callable>) {}

  Return operator()(Arguments... arguments) const { return call_(object_, std::forward<Arguments>(arguments)...); }

 private:
  template <class Callable>
  static Return call(const void* object, Arguments... arguments) {
    return std::invoke(*static_cast<const Callable*>(object), std::forward<Arguments>(arguments)...);
  }

  const void* object_;
  Return (*call_)(const void*, Arguments...);
};

}  // namespace mcdsl
