#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/secret.h"
#include "mcdsl/db/database.h"
#include "mcdsl/http/response.h"
#include "mcdsl/http/router.h"
#include "mcdsl/json/decode.h"
#include "mcdsl/testing/app_client.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"
#include "tools/mcias-dev/config.h"
#include "tools/mcias-dev/identity.h"
#include "tools/mcias-dev/sso.h"
#include "tools/mcias-dev/sso_codes.h"
#include "tools/mcias-dev/store.h"

namespace mcias {

/// Any answer of the protocol.
struct Answer {
  std::string token;
  std::string expires_at;
  std::string error;
  std::string code;
  std::optional<bool> valid;
  std::string subject;
  std::string username;
  std::string account_type;
  std::vector<std::string> roles;

  void bind(mcdsl::json::Fields& fields);
};

/// The answer in a response's body. Throws where it is none.
[[nodiscard]] Answer read(const mcdsl::http::Response& response);

/// Settings of a server in this folder whose password hashes cost next to nothing.
[[nodiscard]] Config cheap_config(const mcdsl::testing::TempDir& folder);

/// An identity server without sockets: everything real but the clock and the cost of a hash.
class TestServer {
 public:
  explicit TestServer(const std::function<void(Config&)>& change = {});

  Account add_user(const std::string& username, std::string_view password, std::vector<std::string> roles = {"user"});
  Account add_system(const std::string& username);

  [[nodiscard]] mcdsl::http::Response login(std::string_view username, std::string_view password,
                                            std::string_view service = "notes",
                                            std::string_view address = "192.0.2.1") const;
  /// A call that carries a token and no body.
  [[nodiscard]] mcdsl::http::Response post(std::string_view path, std::string_view token) const;

  /// The token of a login that succeeds.
  [[nodiscard]] std::string token_of(std::string_view username, std::string_view password) const;
  [[nodiscard]] bool is_valid(std::string_view token) const;

  mcdsl::testing::TempDir folder;
  mcdsl::testing::ManualClock clock;
  mcdsl::testing::LogCapture log;
  Config config;
  mcdsl::db::Database database;
  Store store;
  Identity identity;
  SsoCodes codes;
  Sso sso;
  mcdsl::http::Router router;
  mcdsl::testing::AppClient client;
};

}  // namespace mcias
