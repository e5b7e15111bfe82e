#include "mcdsl/auth/internal/resolver.h"

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <netdb.h>

namespace mcdsl::auth::internal {
namespace {

Result<Resolver::Addresses> look_up(const std::string& host, const std::string& port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return fail(Code::unavailable, "DNS: " + (error == EAI_SYSTEM ? errno_text(errno) : ::gai_strerror(error)));
  }
  Resolver::Addresses addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    SocketAddress& address = addresses.emplace_back();
    std::memcpy(&address.bytes, entry->ai_addr, entry->ai_addrlen);
    address.size = entry->ai_addrlen;
  }
  ::freeaddrinfo(found);
  return addresses;
}

}  // namespace

struct Resolver::Shared {
  struct Answer {
    std::optional<Result<Addresses>> value;
  };

  std::mutex mutex;
  std::condition_variable answered;
  std::shared_ptr<Answer> running;  // what the thread will fill in; null where there is none
  Lookup lookup;

  static void run(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Answer>& answer);
};

void Resolver::Shared::run(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Answer>& answer) {
  auto found = shared->lookup();
  {
    const std::scoped_lock lock(shared->mutex);
    answer->value = std::move(found);
    shared->running.reset();
  }
  shared->answered.notify_all();
}

Resolver::Resolver(const std::string& host, const std::string& port)
    : Resolver([host, port] { return look_up(host, port, 0); }) {
  numeric_ = look_up(host, port, AI_NUMERICHOST).value_or(Addresses());
}

Resolver::Resolver(Lookup lookup) : shared_(std::make_shared<Shared>()) {
  shared_->lookup = std::move(lookup);
}

Result<Resolver::Addresses> Resolver::resolve(Deadline deadline) {
  if (!numeric_.empty()) {
    return numeric_;
  }
  std::unique_lock lock(shared_->mutex);
  if (shared_->running == nullptr) {
    auto answer = std::make_shared<Shared::Answer>();
    try {
      std::thread(&Shared::run, shared_, answer).detach();
    } catch (const std::system_error& error) {
      return fail(Code::unavailable, std::string("DNS: no thread to ask on: ") + error.what());
    }
    shared_->running = std::move(answer);
  }
  const auto answer = shared_->running;
  if (!shared_->answered.wait_until(lock, deadline, [&] { return answer->value.has_value(); })) {
    return fail(Code::unavailable, "timeout: DNS has not answered");
  }
  return *answer->value;
}

}  // namespace mcdsl::auth::internal
