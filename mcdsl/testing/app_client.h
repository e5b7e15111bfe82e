#pragma once

#include <string_view>

#include "mcdsl/http/application.h"

namespace mcdsl::testing {

/// Sends requests to an Application without a socket in between, and does with them what a server does: plan first, a
/// refusal at once, 413 past the limit of the body, no body in the answer to HEAD.
///
///     const AppClient client(router);
///     EXPECT_EQ(client.post("/v1/notes", R"({"slug":"a"})").status, 201);
///
/// Threads: `const` methods are safe from any thread. Lifetime: `application` outlives the client.
class AppClient {
 public:
  explicit AppClient(const http::Application& application) : application_(&application) {}

  /// The same client, with this header on each of its requests: `client.with_header("authorization", "Bearer t")`.
  [[nodiscard]] AppClient with_header(std::string_view name, std::string_view value) const;

  /// The same client at another address. It is 127.0.0.1 from the start.
  [[nodiscard]] AppClient from(std::string_view address) const;

  /// `target` is a path, with a query or without.
  [[nodiscard]] http::Response get(std::string_view target) const { return send(http::Method::get, target); }
  [[nodiscard]] http::Response head(std::string_view target) const { return send(http::Method::head, target); }
  [[nodiscard]] http::Response delete_(std::string_view target) const { return send(http::Method::delete_, target); }
  [[nodiscard]] http::Response options(std::string_view target) const { return send(http::Method::options, target); }

  /// `json` goes as application/json.
  [[nodiscard]] http::Response post(std::string_view target, std::string_view json) const;
  [[nodiscard]] http::Response put(std::string_view target, std::string_view json) const;
  [[nodiscard]] http::Response patch(std::string_view target, std::string_view json) const;

  /// Any request; a content type is set by `with_header`.
  [[nodiscard]] http::Response send(http::Method method, std::string_view target, std::string_view body = {}) const;

 private:
  const http::Application* application_;
  http::Headers headers_;
  http::Peer peer_{.address = "127.0.0.1", .port = 49152, .secure = false};
};

}  // namespace mcdsl::testing
