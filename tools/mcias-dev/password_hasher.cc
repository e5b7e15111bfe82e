#include "tools/mcias-dev/password_hasher.h"

#include <cstddef>

#include <argon2.h>

#include "mcdsl/base/blocking.h"
#include "mcdsl/crypto/digest.h"

namespace mcias {
namespace {

using mcdsl::Code;
using mcdsl::Exception;
using mcdsl::Secret;

constexpr std::size_t kSaltBytes = 16;  // RFC 9106 §3.1
constexpr std::uint32_t kHashBytes = 32;

[[noreturn]] void throw_argon2_error(Code code, int status) {
  const bool memory_is_short = status == ARGON2_MEMORY_ALLOCATION_ERROR;
  throw Exception(memory_is_short ? Code::resource_exhausted : code,
                  std::string("argon2id: ") + argon2_error_message(status));
}

}  // namespace

PasswordHasher::Turn::~Turn() {
  if (hasher_ != nullptr) {
    hasher_->end_turn();
  }
}

PasswordHasher::PasswordHasher(const HashingCost& cost, const HashingBounds& bounds)
    : cost_(cost), bounds_(bounds), decoy_(hash(Secret(mcdsl::crypto::random_bytes(kHashBytes)))) {}

std::string PasswordHasher::hash(const Secret& password) const {
  const std::string salt = mcdsl::crypto::random_bytes(kSaltBytes);
  std::string encoded(
      argon2_encodedlen(cost_.iterations, cost_.memory_kib, cost_.parallelism, kSaltBytes, kHashBytes, Argon2_id),
      '\0');
  const auto text = password.reveal();
  const int status =
      argon2id_hash_encoded(cost_.iterations, cost_.memory_kib, cost_.parallelism, text.data(), text.size(),
                            salt.data(), salt.size(), kHashBytes, encoded.data(), encoded.size());
  if (status != ARGON2_OK) {
    throw_argon2_error(Code::invalid_argument, status);
  }
  encoded.resize(encoded.find('\0'));  // the length counts the terminating NUL
  return encoded;
}

mcdsl::Result<PasswordHasher::Turn> PasswordHasher::wait_for_turn() {
  {
    const std::scoped_lock lock(mutex_);
    if (running_ + waiting_ == bounds_.running + bounds_.waiting) {
      return mcdsl::fail_visible(Code::unavailable, "too many logins at once, try again");
    }
    ++waiting_;
  }
  mcdsl::about_to_block();  // even without a wait: the hash itself takes tens of milliseconds
  std::unique_lock lock(mutex_);
  turn_ended_.wait(lock, [this] { return running_ < bounds_.running; });
  --waiting_;
  ++running_;
  return Turn(*this);
}

void PasswordHasher::end_turn() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    --running_;
  }
  turn_ended_.notify_one();
}

bool PasswordHasher::verify(const Turn& /*turn*/, const std::string& encoded, const Secret& password) {
  ++verifications_;
  const auto text = password.reveal();
  const int status = argon2id_verify(encoded.c_str(), text.data(), text.size());
  if (status != ARGON2_OK && status != ARGON2_VERIFY_MISMATCH) {
    throw_argon2_error(Code::data_loss, status);
  }
  return status == ARGON2_OK;
}

}  // namespace mcias
