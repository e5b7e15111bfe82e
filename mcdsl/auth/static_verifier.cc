#include "mcdsl/auth/static_verifier.h"

namespace mcdsl::auth {

StaticVerifier::StaticVerifier(const std::map<std::string, Caller>& callers, const Clock& clock) : clock_(clock) {
  for (const auto& [token, caller] : callers) {
    auto known = std::make_shared<Caller>(caller);
    if (known->expires_at == Clock::WallTime()) {
      known->expires_at = Clock::WallTime::max();
    }
    callers_.emplace(crypto::sha256(token), std::move(known));
  }
}

Result<std::shared_ptr<const Caller>> StaticVerifier::find_caller(std::string_view token,
                                                                  std::chrono::nanoseconds /*patience*/) const {
  const auto found = callers_.find(crypto::sha256(token));
  if (found == callers_.end()) {
    return fail(Code::unauthenticated, "the token is none of the fixed ones");
  }
  if (found->second->expires_at <= clock_.now()) {
    return fail(Code::unauthenticated, "the token has expired");
  }
  return found->second;
}

}  // namespace mcdsl::auth
