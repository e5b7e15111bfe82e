#include "page_data.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "mcdsl/base/time.h"
#include "mcdsl/http/request.h"

namespace mcq {

namespace web = mcdsl::web;

std::string date_text(std::chrono::system_clock::time_point time) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  std::string text = std::to_string(static_cast<unsigned>(date.day()));
  text.append(" ").append(kMonths.at(static_cast<unsigned>(date.month()) - 1));
  return text.append(" ").append(std::to_string(static_cast<int>(date.year())));
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits{" B", " KiB", " MiB", " GiB"};
  constexpr std::uint64_t kStep = 1024;
  constexpr std::uint64_t kTenths = 10;
  std::uint64_t tenths = bytes * kTenths;
  std::size_t unit = 0;
  while (tenths >= kStep * kTenths && unit + 1 < kUnits.size()) {
    tenths /= kStep;
    ++unit;
  }
  std::string text = std::to_string(tenths / kTenths);
  if (unit > 0 && tenths < kTenths * kTenths) {
    text.append(".").append(std::to_string(tenths % kTenths));
  }
  return text.append(kUnits.at(unit));
}

std::int64_t reading_minutes(std::string_view text) {
  constexpr std::int64_t kWordsAMinute = 220;
  std::int64_t words = 0;
  bool in_word = false;
  for (const char c : text) {
    const bool is_space = c == ' ' || (c >= '\t' && c <= '\r');
    words += !is_space && !in_word ? 1 : 0;
    in_word = !is_space;
  }
  return std::max<std::int64_t>(1, (words + kWordsAMinute - 1) / kWordsAMinute);
}

void SummaryFields::show(web::Fields& fields) const {
  fields.add("slug", summary.slug);
  fields.add("title", summary.title);
  fields.add("pushed_by", summary.pushed_by);
  fields.add("date", date_text(summary.pushed_at));
  fields.add("iso_time", mcdsl::format_rfc3339(summary.pushed_at));
  fields.add("unread", !summary.read);
}

void AttachmentFields::show(web::Fields& fields) const {
  fields.add("name", about.name);
  fields.add("size", size_text(about.size));
}

std::string QueuePlace::path() const {
  std::string query;
  if (!search.empty()) {
    query.append("?q=").append(mcdsl::http::percent_encode(search));
  }
  if (!cursor.empty()) {
    query.append(query.empty() ? "?at=" : "&at=").append(mcdsl::http::percent_encode(cursor));
  }
  return "/" + query;
}

void QueuePlace::put_into(web::Data& data) const {
  data.set("q", search).set("at", cursor);
}

web::Data queue_data(const QueuePage& page, const QueuePlace& place) {
  web::Data unread = web::Data::list();
  web::Data read = web::Data::list();
  for (const Summary& summary : page.documents) {
    (summary.read ? read : unread).push_back(SummaryFields{summary});
  }
  web::Data data;
  place.put_into(data);
  data.set("unread_rows", std::move(unread))
      .set("read_rows", std::move(read))
      .set("is_empty", page.documents.empty())
      .set("has_pages", page.previous.has_value() || page.next.has_value())
      .set("previous", page.previous)
      .set("next", page.next);
  return data;
}

}  // namespace mcq
