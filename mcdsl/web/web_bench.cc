// A list page of 50 rows, as a reading queue shows it: what it costs to fill the data, and to render it.

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "mcdsl/base/error.h"
#include "mcdsl/web/templates.h"

namespace mcdsl::web {
namespace {

constexpr std::size_t kRows = 50;

constexpr TemplateFile kFiles[] = {{"page.html", R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{{block title}}{{end}} - mcq</title>
<script type="application/json" nonce="{{nonce}}">{"page": {{page}} }</script>
</head>
<body>
{{if user}}<form method="post" action="/logout"><input type="hidden" name="csrf_token" value="{{csrf_token}}"><button>Log out {{user.name}}</button></form>{{end}}
{{block content}}{{end}}
</body>
</html>
)"},
                                   {"list.html", R"({{layout page.html}}
{{block title}}{{title}}{{end}}
{{block content}}
<ul id="rows">
{{for row in rows}}
{{include row.html}}
{{else}}
<li>Nothing to read.
{{end}}
</ul>
<a href="/documents?page={{next}}">Next</a>
{{end}}
)"},
                                   {"row.html", R"(<li class="{{row.state}}" id="row-{{row.id}}">
<a href="/documents/{{row.slug}}">{{row.title}}</a> <span>{{row.author}}</span> <time>{{row.pushed_at}}</time>
{{if row.unread}}<b>new</b>{{end}}
<form method="post" action="/documents/{{row.slug}}/read" hx-post="/documents/{{row.slug}}/read" hx-target="#row-{{row.id}}">
<input type="hidden" name="csrf_token" value="{{csrf_token}}"><button>Read</button></form></li>
)"}};

struct Row {
  std::int64_t id = 0;
  std::string slug = "a-document-about-small-services";
  std::string title = "A document about <small> services & their owners";
  std::string author = "kyle";
  std::string pushed_at = "2026-01-31 12:00:00Z";
  std::string state = "unread";
  bool unread = true;

  void show(Fields& fields) const {
    fields.add("id", id);
    fields.add("slug", slug);
    fields.add("title", title);
    fields.add("author", author);
    fields.add("pushed_at", pushed_at);
    fields.add("state", state);
    fields.add("unread", unread);
  }
};

Data fill(const std::vector<Row>& rows) {
  Data data;
  data.set("title", "Reading list");
  data.set("nonce", "q83vEjRWeJCrze8SNFZ4kA==");
  data.set("page", 1);
  data.set("next", 2);
  data["user"].set("name", "kyle");
  data.set("csrf_token", std::string(86, 'x'));
  data.set("rows", rows);
  return data;
}

std::vector<Row> fifty_rows() {
  std::vector<Row> rows(kRows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].id = static_cast<std::int64_t>(i);
    rows[i].unread = i % 3 != 0;
  }
  return rows;
}

void fill_the_data(benchmark::State& state) {
  const auto rows = fifty_rows();
  for (auto _ : state) {
    benchmark::DoNotOptimize(fill(rows));
  }
}
BENCHMARK(fill_the_data);

void render_the_page(benchmark::State& state) {
  const Templates templates{TemplateSource(kFiles)};
  const Data data = fill(fifty_rows());
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string page = value_or_throw(templates.render("list.html", data));
    bytes = page.size();
    benchmark::DoNotOptimize(page.data());
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(render_the_page);

void fill_and_render(benchmark::State& state) {
  const Templates templates{TemplateSource(kFiles)};
  const auto rows = fifty_rows();
  for (auto _ : state) {
    benchmark::DoNotOptimize(templates.render("list.html", fill(rows)));
  }
}
BENCHMARK(fill_and_render);

void compile_the_templates(benchmark::State& state) {
  for (auto _ : state) {
    const Templates templates{TemplateSource(kFiles)};
    benchmark::DoNotOptimize(templates.has("list.html"));
  }
}
BENCHMARK(compile_the_templates);

}  // namespace
}  // namespace mcdsl::web
