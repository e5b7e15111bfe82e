// What a person's request costs: the session's cookie opened, the caller looked up, a csrf token and a nonce made, and
// a list of 50 rows rendered. The goal is 60 microseconds of CPU.

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "mcdsl/http/cookie.h"
#include "mcdsl/http/pipeline.h"
#include "mcdsl/testing/fake_mcias.h"
#include "mcdsl/testing/temp_dir.h"
#include "mcdsl/web/site.h"

namespace mcdsl::web {
namespace {

constexpr std::array<TemplateFile, 1> kTemplates{{{"list.html", R"({{layout layout.html}}
{{block title}}Reading list – {{site_title}}{{end}}
{{block content}}
<ul id="rows">
{{for row in rows}}
<li id="row-{{row.id}}"><a href="/documents/{{row.slug}}">{{row.title}}</a> <span>{{row.author}}</span>
{{if row.unread}}<b>new</b>{{end}}
<form method="post" action="/documents/{{row.slug}}/read">
<input type="hidden" name="csrf_token" value="{{csrf_token}}"><button>Read</button></form></li>
{{end}}
</ul>
<script nonce="{{nonce}}">/* ours */</script>
{{end}}
)"}}};

struct Row {
  std::int64_t id = 7;
  std::string slug = "a-document-about-small-services";
  std::string title = "A document about <small> services & their owners";
  std::string author = "alice";
  bool unread = true;

  void show(Fields& fields) const {
    fields.add("id", id);
    fields.add("slug", slug);
    fields.add("title", title);
    fields.add("author", author);
    fields.add("unread", unread);
  }
};

config::Standard config_in(const testing::TempDir& dir, const testing::FakeMcias& mcias) {
  config::Standard config;
  config.database.path = dir / "notes.db";
  config.mcias = mcias.settings("notes");
  config.web.public_url = "https://notes.example.org";
  return config;
}

// A site with a page of 50 rows and somebody who is logged in.
struct Notes {
  Notes() {
    mcias.add_user("alice", "correct horse");
    site.add_routes(router, [this](http::Router& pages) {
      pages.group([this](http::Router& members) {
        members.use(site.require_login());
        members.get("/", [this](const http::Request& request) {
          Data data = Data::object();
          data.set("rows", rows);
          return site.page(request, "list.html", std::move(data));
        });
      });
    });
    cookies = log_in();
  }

  [[nodiscard]] http::Response send(http::Method method, std::string_view target, const std::string& cookie,
                                    std::string_view body = "") const {
    http::Request request;
    request.start(method, target);
    request.mutable_headers().add("accept", "text/html,application/xhtml+xml");
    request.mutable_headers().add("sec-fetch-site", "same-origin");
    request.mutable_headers().add("content-type", "application/x-www-form-urlencoded");
    if (!cookie.empty()) {
      request.mutable_headers().add("cookie", cookie);
    }
    (void)application.plan(request);
    request.mutable_body() = body;
    return application.serve(request);
  }

  [[nodiscard]] std::string log_in() const {
    const auto cookie_of = [](const http::Response& response) {
      const std::string_view field = response.headers.get("set-cookie").value();
      return std::string(field.substr(0, field.find(';')));
    };
    const auto form = send(http::Method::get, "/login", "");
    constexpr std::string_view kField = R"(name="csrf_token" value=")";
    const auto start = form.body.find(kField) + kField.size();
    const std::string token = form.body.substr(start, form.body.find('"', start) - start);
    return cookie_of(send(http::Method::post, "/login", cookie_of(form),
                          "csrf_token=" + token + "&username=alice&password=correct+horse"));
  }

  testing::TempDir dir;
  testing::FakeMcias mcias;
  auth::Authenticator authenticator{mcias.settings("notes")};
  Assets assets{page_assets()};
  Templates templates{{page_templates(), TemplateSource(kTemplates)}, {.assets = &assets}};
  Site site{{.service = "notes", .title = "Notes", .templates = templates, .assets = assets},
            config_in(dir, mcias),
            authenticator};
  std::vector<Row> rows = std::vector<Row>(50);
  http::Router router;
  http::Pipeline application{router, {site.around()}};
  std::string cookies;
};

void list_page(benchmark::State& state) {
  const Notes notes;
  for (auto _ : state) {
    const auto page = notes.send(http::Method::get, "/", notes.cookies);
    if (page.status != 200) {
      std::abort();
    }
    benchmark::DoNotOptimize(page.body.data());
  }
}
BENCHMARK(list_page)->Name("a page of 50 rows with session, csrf and templates");

void redirect(benchmark::State& state) {
  const Notes notes;
  for (auto _ : state) {
    const auto sent = notes.send(http::Method::get, "/", "");
    if (sent.status != 303) {
      std::abort();
    }
  }
}
BENCHMARK(redirect)->Name("a stranger sent to the login");

}  // namespace
}  // namespace mcdsl::web
