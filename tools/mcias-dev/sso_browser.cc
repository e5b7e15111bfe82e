#include "tools/mcias-dev/sso_browser.h"

#include <regex>

#include "mcdsl/auth/protocol.h"
#include "mcdsl/http/form.h"
#include "mcdsl/http/request.h"
#include "mcdsl/json/writer.h"
#include "mcdsl/testing/app_client.h"

namespace mcias {

namespace protocol = mcdsl::auth::protocol;
using mcdsl::http::Response;

void add_sso_clients(Config& config) {
  config.sso_clients = {
      {.client_id = "notes",
       .redirect_uris = {std::string(kCallback), std::string(kOtherCallback)},
       .service_name = "notes"},
      {.client_id = "wiki", .redirect_uris = {std::string(kForeignCallback)}, .service_name = "wiki"}};
}

Fields good_parameters() {
  return {{"client_id", "notes"},
          {"redirect_uri", std::string(kCallback)},
          {"state", "the state & more"},
          {"code_challenge", std::string(kChallenge)},
          {"code_challenge_method", "S256"}};
}

std::string encode(const Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields) {
    text += (text.empty() ? "" : "&") + mcdsl::http::percent_encode(name) + "=" + mcdsl::http::percent_encode(value);
  }
  return text;
}

Response SsoBrowser::seen(Response response) {
  for (const auto& [name, value] : response.headers) {
    if (name == "set-cookie") {
      cookie_ = value.substr(0, value.find(';'));
    }
  }
  form_.clear();
  static const std::regex hidden(R"re(<input type="hidden" name="([^"]*)" value="([^"]*)">)re");
  for (std::sregex_iterator at(response.body.begin(), response.body.end(), hidden), end; at != end; ++at) {
    form_[(*at)[1]] = std::regex_replace((*at)[2].str(), std::regex("&amp;"), "&");
  }
  return response;
}

Response SsoBrowser::open(const Fields& parameters) {
  return seen(
      send(mcdsl::http::Method::get, std::string(protocol::kSsoAuthorizePath) + "?" + encode(parameters), {}, ""));
}

Response SsoBrowser::submit(const Fields& typed, const Fields& headers) {
  Fields all = form_;
  for (const auto& [name, value] : typed) {
    all[name] = value;
  }
  Fields sent{{"host", "mcias.test"},
              {"origin", "https://mcias.test"},
              {"sec-fetch-site", "same-origin"},
              {"content-type", std::string(mcdsl::http::kFormType)}};
  for (const auto& [name, value] : headers) {
    sent[name] = value;
  }
  return seen(send(mcdsl::http::Method::post, std::string(protocol::kSsoAuthorizePath), sent, encode(all)));
}

Response SsoBrowser::send(mcdsl::http::Method method, const std::string& target, const Fields& headers,
                          const std::string& body) const {
  mcdsl::http::Request request;
  request.start(method, target);
  request.set_peer({.address = "192.0.2.1", .port = 49152, .secure = true});
  for (const auto& [name, value] : headers) {
    request.mutable_headers().add(name, value);
  }
  if (!cookie_.empty()) {
    request.mutable_headers().add("cookie", cookie_);
  }
  request.mutable_body() = body;
  (void)application_.plan(request);
  return application_.serve(request);
}

Fields redirected(const Response& response, std::string_view callback) {
  const std::string_view location = response.headers.get("location").value_or("");
  if (response.status != 302 || !location.starts_with(callback)) {
    return {};
  }
  const auto query = mcdsl::http::Form::parse(location.substr(location.find('?') + 1)).value();
  Fields parameters;
  for (const auto& [name, value] : query.fields()) {
    parameters[name] = value;
  }
  return parameters;
}

Response redeem(const mcdsl::http::Application& application, std::string_view code, const Fields& changed) {
  Fields fields{{"code", std::string(code)},
                {"client_id", "notes"},
                {"redirect_uri", std::string(kCallback)},
                {"code_verifier", std::string(kVerifier)}};
  for (const auto& [name, value] : changed) {
    fields[name] = value;
  }
  mcdsl::json::Writer body;
  body.begin_object();
  for (const auto& [name, value] : fields) {
    body.field(name, value);
  }
  body.end_object();
  return mcdsl::testing::AppClient(application).post(protocol::kSsoTokenPath, body.view());
}

}  // namespace mcias
