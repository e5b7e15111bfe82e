// A page that is part of the program.

#include <cstdio>
#include <string>

#include "consumer_assets.h"
#include "consumer_pages.h"

int main() {
  const mcdsl::web::Assets assets(consumer::assets());
  const mcdsl::web::Templates templates(consumer::templates(), {.assets = &assets});
  mcdsl::web::Data data;
  data.set("name", "<world>");
  const auto page = templates.render("hello.html", data);
  std::fputs(page ? page->c_str() : page.error().message().c_str(), stdout);
  return page ? 0 : 1;
}
