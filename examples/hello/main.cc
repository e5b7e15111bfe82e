#include "mcdsl/service/run.h"

int main(int argc, char** argv) {
  return mcdsl::run({.name = "hello"}, argc, argv, [](mcdsl::Service& service) {
    service.router().get("/hello/{name}", [](const mcdsl::http::Request& request) {
      return mcdsl::http::text("hello, " + request.param("name") + "\n");
    });
    service.serve();
  });
}
