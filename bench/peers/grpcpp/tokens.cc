#include "tokens.h"

#include <ctime>
#include <iomanip>
#include <mutex>
#include <sstream>
#include <utility>

#include <curl/curl.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>

namespace {

using Clock = std::chrono::system_clock;

std::size_t append(char* data, std::size_t size, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, size * count);
  return size * count;
}

Clock::time_point parse_time(const std::string& text) {
  std::tm parts{};
  std::istringstream(text) >> std::get_time(&parts, "%Y-%m-%dT%H:%M:%SZ");
  return Clock::from_time_t(timegm(&parts));
}

}  // namespace

TokenCache::TokenCache(std::string identity_url, std::string authority)
    : url_(std::move(identity_url) + "/v1/token/validate"), authority_(std::move(authority)) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
}

TokenCache::Answer TokenCache::verify(std::string_view token) {
  Digest key;
  EVP_Digest(token.data(), token.size(), key.data(), nullptr, EVP_sha256(), nullptr);
  Shard& shard = shards_[key[0] % kShards];
  const auto now = Clock::now();
  {
    const std::shared_lock lock(shard.mutex);
    if (const auto known = shard.entries.find(key); known != shard.entries.end() && now < known->second.end) {
      return {Outcome::found, known->second.caller};
    }
  }
  Answer answer = ask(token);
  if (answer.outcome == Outcome::found) {
    shard.put(key, {answer.caller, std::min(now + std::chrono::seconds(30), answer.caller->expires_at)}, now);
  }
  return answer;
}

void TokenCache::Shard::put(const Digest& key, Entry entry, Clock::time_point now) {
  const std::unique_lock lock(mutex);
  if (entries.size() >= kShardCapacity) {
    std::erase_if(entries, [&](const auto& known) { return known.second.end < now; });
    while (entries.size() >= kShardCapacity) {
      entries.erase(entries.begin());
    }
  }
  entries[key] = std::move(entry);
}

TokenCache::Answer TokenCache::ask(std::string_view token) const {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
  const std::string field = "Authorization: Bearer " + std::string(token);
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> fields(curl_slist_append(nullptr, field.c_str()),
                                                                           curl_slist_free_all);
  std::string body;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url_.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_CAINFO, authority_.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, "");
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, fields.get());
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 5L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  long status = 0;
  if (curl_easy_perform(curl.get()) != CURLE_OK ||
      curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200) {
    return {Outcome::unavailable, nullptr};
  }
  const auto answer = nlohmann::json::parse(body, nullptr, false);
  if (!answer.is_object()) {
    return {Outcome::unavailable, nullptr};
  }
  if (!answer.value("valid", false)) {
    return {Outcome::refused, nullptr};
  }
  auto caller = std::make_shared<Caller>();
  caller->subject = answer.value("subject", "");
  caller->username = answer.value("username", "");
  caller->roles = answer.value("roles", std::vector<std::string>());
  caller->expires_at = parse_time(answer.value("expires_at", ""));
  if (caller->expires_at <= Clock::now()) {
    return {Outcome::refused, nullptr};
  }
  return {Outcome::found, std::move(caller)};
}
