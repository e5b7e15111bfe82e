#pragma once

// Knows whose a token is, by its digest, and asks the identity service where it does not. The twin in Go is
// bench/peers/go/http/tokens.go.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct Caller {
  std::string subject;
  std::string username;
  std::vector<std::string> roles;
  std::chrono::system_clock::time_point expires_at;

  bool may_read() const {
    return std::any_of(roles.begin(), roles.end(),
                       [](const std::string& role) { return role == "user" || role == "admin"; });
  }
};

class TokenCache {
 public:
  enum class Outcome { found, refused, unavailable };
  struct Answer {
    Outcome outcome;
    std::shared_ptr<const Caller> caller;
  };

  TokenCache(std::string identity_url, std::string authority);

  Answer verify(std::string_view token);

 private:
  using Digest = std::array<unsigned char, 32>;
  struct DigestHash {
    std::size_t operator()(const Digest& digest) const noexcept {
      std::size_t hash;
      std::memcpy(&hash, digest.data(), sizeof hash);
      return hash;
    }
  };
  struct Entry {
    std::shared_ptr<const Caller> caller;
    std::chrono::system_clock::time_point end;
  };
  struct Shard {
    std::shared_mutex mutex;
    std::unordered_map<Digest, Entry, DigestHash> entries;

    void put(const Digest& key, Entry entry, std::chrono::system_clock::time_point now);
  };
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kShardCapacity = 10'000 / kShards;

  Answer ask(std::string_view token) const;

  std::string url_;
  std::string authority_;
  std::array<Shard, kShards> shards_;
};
