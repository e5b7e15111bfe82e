#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mcdsl/service/internal/routes_for_test.mcdsl.h>

#include "mcdsl/base/error.h"
#include "mcdsl/http/router.h"
#include "mcdsl/service/run.h"
#include "mcdsl/service/run_for_test.h"

namespace mcdsl {
namespace {

using routes::test::v1::Note;

class Notes final : public routes::test::v1::NotesBase {
 public:
  Result<Note> GetNote(const grpcserver::Context& /*context*/, const Note& note) override { return note; }
  Result<void> Watch(const grpcserver::Context& /*context*/, const Note& note, grpcserver::Writer<Note>& out) override {
    return out.write(note);
  }
};

class Loose final : public routes::test::v1::LooseBase {
 public:
  Result<Note> Nowhere(const grpcserver::Context& /*context*/, const Note& note) override { return note; }
};

class RoutesCommand : public testing::RunTest {
 protected:
  // Of a service with `Notes` and a route in code.
  static testing::Outcome list(std::vector<std::string> words) {
    return run_with(std::move(words), [](Service& service) { serve(service); });
  }

  static testing::Outcome list_with_loose(std::vector<std::string> words) {
    return run_with(std::move(words), [](Service& service) {
      Loose loose;
      service.add(loose);
      serve(service);
    });
  }

 private:
  static void serve(Service& service) {
    Notes notes;
    service.add(notes);
    service.router().post("/upload", [] { return http::text(""); });
    service.serve();
  }
};

TEST_F(RoutesCommand, ListsEveryRouteAndThenEveryCallWithItsRule) {
  const auto outcome = list({"routes"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "GET   /livez                               (in code)\n"
            "GET   /readyz                              (in code)\n"
            "POST  /upload                              (in code)\n"
            "GET   /v1/archive/{id}                     user | account:mcp  mcdsl.routes.test.v1.Notes/GetNote\n"
            "GET   /v1/health                           (in code)\n"
            "GET   /v1/notes/{id}                       user | account:mcp  mcdsl.routes.test.v1.Notes/GetNote\n"
            "RPC   /grpc.health.v1.Health/Check         open                unary\n"
            "RPC   /grpc.health.v1.Health/Watch         open                server stream\n"
            "RPC   /mcdsl.routes.test.v1.Notes/GetNote  user | account:mcp  unary\n"
            "RPC   /mcdsl.routes.test.v1.Notes/Watch    open                server stream\n");
}

TEST_F(RoutesCommand, ShowsTheRuleThatTheProgramSetsInPlaceOfTheFilesOwn) {
  const auto outcome = run_with({"routes"}, [](Service& service) {
    Loose loose;
    service.add(loose);
    service.set_access("mcdsl.routes.test.v1.Loose/Nowhere", auth::Access::role("archivist"));
    service.serve();
  });
  EXPECT_THAT(outcome.out, ::testing::ContainsRegex("Loose/Nowhere +role:archivist +unary"));
}

TEST_F(RoutesCommand, FindsNothingWhereEveryCallHasARestRouteOrIsMarked) {
  const auto outcome = list({"routes", "--check"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out + outcome.err, "");
}

TEST_F(RoutesCommand, NamesEachCallThatHasNoRestRouteAndIsNotMarked) {
  const auto outcome = list_with_loose({"routes", "--check"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err,
            "mcdsl.routes.test.v1.Loose/Nowhere has no REST route and is not marked (mcdsl.v1.internal)\n");
}

TEST_F(RoutesCommand, NeitherListensNorTouchesTheDatabaseOfTheConfiguration) {
  const auto database = folder_ / "notes.db";
  const auto outcome = run_with({"routes", "--config", configure("[database]\npath = \"" + database.string() + "\"\n")},
                                [&](Service& service, const testing::NotesConfig& config) {
                                  EXPECT_NE(config.database.path, database);
                                  service.serve();
                                });
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(database));
  EXPECT_FALSE(std::filesystem::exists(socket_));
}

}  // namespace
}  // namespace mcdsl
