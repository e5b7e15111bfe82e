// Takes the input as what a browser sends that is not from us: cookies, a query of a login that comes back, a place to
// return to, what a client takes; and as what stands in a cookie once its seal is off. Nothing that was not sealed here
// opens, and no path leads elsewhere.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"
#include "mcdsl/web/internal/audience.h"
#include "mcdsl/web/internal/flash.h"
#include "mcdsl/web/internal/return_to.h"
#include "mcdsl/web/internal/session_cookie.h"
#include "mcdsl/web/internal/sso_client.h"

namespace {

using namespace mcdsl;

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

struct Fixture {
  testing::TempDir dir;
  testing::ManualClock clock;
  csrf::KeyFile keys{dir / "web.keys", clock};
  web::internal::SessionCodec sessions{
      keys, "__Host-notes_session", {.idle_timeout = std::chrono::hours(1), .lifetime = std::chrono::hours(24)}};
  web::internal::Sealer flashes{keys, "__Host-notes_flash"};
  web::internal::SsoClient sso{{.authorize_url = "https://mcias.example.org/sso/authorize",
                                .client_id = "notes",
                                .redirect_uri = "https://notes.example.org/sso/callback",
                                .cookie_prefix = "__Host-notes_sso_"},
                               keys,
                               clock};
};

const Fixture& fixture() {
  static const Fixture instance;
  return instance;
}

void check_cookies(std::string_view text) {
  const Fixture& with = fixture();
  require(!with.sessions.open(text, with.clock.now()));
  require(!web::internal::open_flash(with.flashes, text, with.clock.now()));
  if (const auto session = web::internal::unpack(text)) {
    const Secret packed = web::internal::pack(*session);
    require(packed.reveal() == text);
    require(
        with.sessions.open(with.sessions.seal(*session), session->logged_in_at).has_value() ==
        (session->last_seen_at == std::clamp(session->last_seen_at,
                                             session->logged_in_at - std::chrono::hours(1) + std::chrono::seconds(1),
                                             session->logged_in_at + std::chrono::minutes(1)) &&
         session->logged_in_at < session->expires_at));
  }
}

// What any reader of URLs must take for a path of the same origin.
void check_path(std::string_view text) {
  const std::string path = web::internal::safe_return_to(text);
  require(path == "/" || path == text);
  require(path.starts_with('/') && !path.starts_with("//") && !path.contains('\\'));
  require(std::ranges::all_of(path, [](char c) { return c > ' ' && c < '\x7F'; }));
  require(web::internal::return_to_of_query(text).starts_with('/'));
}

void check_request(std::string_view text) {
  http::Request request;
  request.start(http::Method::get, "/sso/callback?" + std::string(text));
  if (request.mutable_headers().try_add("cookie", text)) {
    (void)request.mutable_headers().try_add("accept", text);
  }
  (void)web::internal::audience_of(request);
  require(!fixture().sso.finish(request));
  const auto begin = fixture().sso.begin(request.headers(), text);
  require(begin.cookie.name.starts_with("__Host-notes_sso_"));
  for (const std::string& name : begin.excess) {
    (void)http::format_cookie({.name = name});  // throws for what cannot be expired
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_cookies(text);
  check_path(text);
  check_request(text);
  return 0;
}
