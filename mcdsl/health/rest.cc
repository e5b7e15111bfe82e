#include "mcdsl/health/rest.h"

#include <string_view>
#include <utility>

#include "mcdsl/json/writer.h"

namespace mcdsl::health {
namespace {

std::string_view status_of(const Report& report) {
  if (report.draining) {
    return "draining";
  }
  return report.serving ? "ok" : "unavailable";
}

void write_findings(json::Writer& out, const Report& report) {
  out.key("checks").begin_array();
  for (const Finding& finding : report.findings) {
    out.begin_object().field("name", finding.name).field("ok", finding.outcome.has_value());
    if (!finding.outcome) {
      out.field("error", finding.outcome.error().to_string());
    }
    out.end_object();
  }
  out.end_array();
}

http::Response answer(const Report& report, bool with_detail) {
  json::Writer out;
  out.begin_object().field("status", status_of(report));
  if (with_detail) {
    write_findings(out, report);
  }
  out.end_object();
  return http::json(std::move(out).take())
      .with_status(report.serving ? 200 : 503)
      .with_header("cache-control", "no-store");
}

}  // namespace

void add_routes(http::Router& router, const Registry& registry, MaySeeDetail may_see_detail) {
  router.get("/livez", [] { return answer({.serving = true, .draining = false, .findings = {}}, false); });
  router.get("/readyz", [&registry] { return answer(registry.report(), false); });
  router.get("/v1/health", [&registry, may_see_detail = std::move(may_see_detail)](const http::Request& request) {
    return answer(registry.report(), may_see_detail && may_see_detail(request));
  });
}

}  // namespace mcdsl::health
