#include "tools/mcias-dev/sso_html.h"

#include "mcdsl/auth/protocol.h"

namespace mcias {
namespace {

namespace protocol = mcdsl::auth::protocol;

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { margin: 0; min-height: 100vh; display: grid; place-items: center }
main { width: min(22rem, 100vw - 2rem) }
h1 { font-size: 1.4rem }
label { display: block; margin-top: 1rem }
input, button { box-sizing: border-box; width: 100%; padding: .6rem; font: inherit; border: 1px solid GrayText;
  border-radius: .4rem }
button { margin-top: 1.5rem; cursor: pointer }
.hint { font-size: .9rem }
[role=alert] { border-left: .3rem solid #c00; padding-left: .7rem }
)";

std::string whole_page(std::string_view title, std::string_view content, std::string_view nonce) {
  std::string html = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  html.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
  html.append(escape_html(title)).append("</title>\n<style nonce=\"").append(escape_html(nonce)).append("\">");
  html.append(kStyle).append("</style>\n</head>\n<body>\n<main>\n").append(content);
  return html.append("</main>\n</body>\n</html>\n");
}

std::string hidden(std::string_view name, std::string_view value) {
  return "<input type=\"hidden\" name=\"" + escape_html(name) + "\" value=\"" + escape_html(value) + "\">\n";
}

std::string alert(std::string_view problem) {
  return problem.empty() ? "" : "<p role=\"alert\">" + escape_html(problem) + "</p>\n";
}

std::string labelled(std::string_view name, std::string_view label, std::string_view attributes) {
  return "<label for=\"" + std::string(name) + "\">" + std::string(label) + "</label>\n<input id=\"" +
         std::string(name) + "\" name=\"" + std::string(name) + "\" " + std::string(attributes) + ">\n";
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string login_page(const LoginPage& page) {
  const std::string title = "Log in to " + page.request.client->service_name;
  std::string content = "<h1>" + escape_html(title) + "</h1>\n" + alert(page.problem);
  content.append("<form method=\"post\" action=\"").append(protocol::kSsoAuthorizePath).append("\">\n");
  content.append(hidden(kCsrfField, page.csrf_token));
  content.append(hidden(protocol::kClientId, page.request.client->client_id));
  content.append(hidden(protocol::kRedirectUri, page.request.redirect_uri));
  content.append(hidden(protocol::kState, page.request.state));
  content.append(hidden(protocol::kCodeChallenge, page.request.code_challenge));
  content.append(hidden(protocol::kCodeChallengeMethod, protocol::kCodeChallengeMethodS256));
  content.append(labelled(kUsernameField, "User name",
                          "autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\" required value=\"" +
                              escape_html(page.username) + "\"" + (page.username.empty() ? " autofocus" : "")));
  content.append(labelled(kPasswordField, "Password",
                          std::string("type=\"password\" autocomplete=\"current-password\" required") +
                              (page.username.empty() ? "" : " autofocus")));
  content.append(labelled(kTotpField, "One-time code <span class=\"hint\">if you have set one up</span>",
                          "inputmode=\"numeric\" autocomplete=\"one-time-code\" maxlength=\"6\""));
  content.append("<button>Log in</button>\n</form>\n");
  return whole_page(title, content, page.nonce);
}

std::string problem_page(std::string_view problem, std::string_view nonce) {
  return whole_page("This login cannot go on",
                    "<h1>This login cannot go on</h1>\n" + alert(problem) +
                        "<p>Go back to the service and start again. If that does not help, its operator has to look at "
                        "how it is registered here.</p>\n",
                    nonce);
}

}  // namespace mcias
