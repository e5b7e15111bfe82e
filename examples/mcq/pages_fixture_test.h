#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api_fixture_test.h"
#include "pages.h"

namespace mcq {

// A browser as far as the pages need one: it keeps cookies, says where a form comes from, and sends the token that the
// last page had.
class Browser {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  using Response = mcdsl::http::Response;

  explicit Browser(const mcdsl::http::Application& application) : client_(application) {}

  Response get(std::string_view path, const Fields& headers = {}) {
    return keep(with(headers).send(mcdsl::http::Method::get, path));
  }

  Response post(std::string_view path, Fields fields = {}, Fields headers = {}) {
    fields.emplace_back("csrf_token", csrf_token_);
    std::string body;
    for (const auto& [name, value] : fields) {
      body += (body.empty() ? "" : "&") + name + "=" + mcdsl::http::percent_encode(value);
    }
    headers.emplace_back("content-type", "application/x-www-form-urlencoded");
    return keep(with(headers).send(mcdsl::http::Method::post, path, body));
  }

  struct Field {
    std::string name;
    std::string value;
    std::optional<std::string> filename = {};
    std::string content_type = "application/octet-stream";
  };

  // A form with files, the token first.
  Response post_files(std::string_view path, const std::vector<Field>& fields, Fields headers = {}) {
    return post_multipart(path,
                          "--b\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\n" + csrf_token_ + "\r\n",
                          fields, std::move(headers));
  }

  Response post_multipart(std::string_view path, std::string body, const std::vector<Field>& fields,
                          Fields headers = {}) {
    for (const Field& field : fields) {
      body += "--b\r\nContent-Disposition: form-data; name=\"" + field.name + "\"";
      if (field.filename) {
        body += "; filename=\"" + *field.filename + "\"\r\nContent-Type: " + field.content_type;
      }
      body += "\r\n\r\n" + field.value + "\r\n";
    }
    headers.emplace_back("content-type", "multipart/form-data; boundary=b");
    return keep(with(headers).send(mcdsl::http::Method::post, path, body + "--b--\r\n"));
  }

  [[nodiscard]] const std::string& csrf_token() const { return csrf_token_; }

 private:
  [[nodiscard]] mcdsl::testing::AppClient with(const Fields& headers) const {
    auto client = client_.with_header("sec-fetch-site", "same-origin").with_header("origin", "https://mcq.example.org");
    std::string cookies;
    for (const auto& [name, value] : cookies_) {
      cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
    }
    if (!cookies.empty()) {
      client = client.with_header("cookie", cookies);
    }
    bool names_accept = false;
    for (const auto& [name, value] : headers) {
      client = client.with_header(name, value);
      names_accept = names_accept || name == "accept";
    }
    return names_accept ? client : client.with_header("accept", "text/html,*/*;q=0.8");
  }

  Response keep(Response response) {
    for (const auto& [name, value] : response.headers) {
      if (name == "set-cookie") {
        const std::string pair(value.substr(0, value.find(';')));
        const auto equals = pair.find('=');
        if (value.contains("Max-Age=0")) {
          cookies_.erase(pair.substr(0, equals));
        } else {
          cookies_[pair.substr(0, equals)] = pair.substr(equals + 1);
        }
      }
    }
    constexpr std::string_view kField = "name=\"csrf_token\" value=\"";
    if (const auto at = response.body.find(kField); at != std::string::npos) {
      const auto begin = at + kField.size();
      csrf_token_ = response.body.substr(begin, response.body.find('"', begin) - begin);
    }
    return response;
  }

  mcdsl::testing::AppClient client_;
  std::map<std::string, std::string> cookies_;
  std::string csrf_token_;
};

class PagesTest : public ApiTest {
 protected:
  PagesTest() {
    config_.web.public_url = "https://mcq.example.org";
    config_.database.path = folder_ / "mcq.db";
    config_.mcias = mcias_.settings("mcq");
    pages_.emplace(config_, authenticator_, documents_, queue_, attachments_, log_.logger());
    service_.add_pages(pages_->site(), [&](mcdsl::http::Router& router) { pages_->add_routes(router); });
  }

  Browser logged_in(const std::string& account) {
    Browser browser(application());
    EXPECT_EQ(browser.get("/login").status, 200);
    EXPECT_EQ(browser.post("/login", {{"username", account}, {"password", account + "'s password"}, {"totp_code", ""}})
                  .status,
              303);
    EXPECT_EQ(browser.get("/").status, 200);
    return browser;
  }

  void store(const std::string& slug, const std::string& title, const std::string& body = "text",
             const std::string& account = "alice") {
    ASSERT_TRUE(documents_
                    .push({.summary = {.slug = slug,
                                       .title = title,
                                       .pushed_by = account,
                                       .pushed_at = mcdsl::system_clock().now()},
                           .body = body},
                          {.username = account})
                    .has_value());
  }

  const Queue queue_{database_};
  std::optional<Pages> pages_;
};

}  // namespace mcq
