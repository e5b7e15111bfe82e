#include "mcdsl/http/date.h"

#include <array>
#include <cstddef>
#include <cstdio>
#include <span>

namespace mcdsl::http {
namespace {

using std::chrono::sys_seconds;

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> kLongDays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                    "Thursday", "Friday", "Saturday"};

// Takes a text apart from the front. A mistake sticks: what is read after it counts for nothing.
class Scanner {
 public:
  explicit Scanner(std::string_view text) noexcept : rest_(text) {}

  bool skip(std::string_view expected) noexcept {
    good_ = good_ && rest_.starts_with(expected);
    rest_.remove_prefix(good_ ? expected.size() : 0);
    return good_;
  }

  int number(std::size_t digits) noexcept {
    int value = 0;
    good_ = good_ && rest_.size() >= digits;
    for (std::size_t i = 0; i < digits && good_; ++i) {
      good_ = rest_[i] >= '0' && rest_[i] <= '9';
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(good_ ? digits : 0);
    return value;
  }

  // The index of the name that stands next.
  std::size_t name(std::span<const std::string_view> names) noexcept {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (rest_.starts_with(names[i])) {
        rest_.remove_prefix(names[i].size());
        return i;
      }
    }
    good_ = false;
    return 0;
  }

  [[nodiscard]] bool starts_with(std::string_view text) const noexcept { return rest_.starts_with(text); }
  [[nodiscard]] bool done() const noexcept { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

struct Parts {
  int year = 0;
  std::size_t month = 0;  // from 0
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

void read_time(Scanner& scanner, Parts& parts) noexcept {
  parts.hour = scanner.number(2);
  scanner.skip(":");
  parts.minute = scanner.number(2);
  scanner.skip(":");
  parts.second = scanner.number(2);
}

std::optional<sys_seconds> to_time(const Scanner& scanner, const Parts& parts) {
  using namespace std::chrono;
  const year_month_day date{year(parts.year), month(static_cast<unsigned>(parts.month + 1)),
                            day(static_cast<unsigned>(parts.day))};
  if (!scanner.done() || !date.ok() || parts.hour > 23 || parts.minute > 59 ||
      parts.second > 60) {  // 60: a leap second
    return std::nullopt;
  }
  return sys_days(date) + hours(parts.hour) + minutes(parts.minute) + seconds(parts.second);
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<sys_seconds> parse_fixed(std::string_view text) {
  Scanner scanner(text);
  Parts parts;
  scanner.name(kDays);
  scanner.skip(", ");
  parts.day = scanner.number(2);
  scanner.skip(" ");
  parts.month = scanner.name(kMonths);
  scanner.skip(" ");
  parts.year = scanner.number(4);
  scanner.skip(" ");
  read_time(scanner, parts);
  scanner.skip(" GMT");
  return to_time(scanner, parts);
}

// "Sunday, 06-Nov-94 08:49:37 GMT"
std::optional<sys_seconds> parse_rfc850(std::string_view text, Clock::WallTime now) {
  using namespace std::chrono;
  Scanner scanner(text);
  Parts parts;
  scanner.name(kLongDays);
  scanner.skip(", ");
  parts.day = scanner.number(2);
  scanner.skip("-");
  parts.month = scanner.name(kMonths);
  scanner.skip("-");
  const int year_of_century = scanner.number(2);
  scanner.skip(" ");
  read_time(scanner, parts);
  scanner.skip(" GMT");
  const int latest = static_cast<int>(year_month_day(floor<days>(now)).year()) + 50;
  parts.year = latest - ((latest - year_of_century) % 100);
  return to_time(scanner, parts);
}

// "Sun Nov  6 08:49:37 1994"
std::optional<sys_seconds> parse_asctime(std::string_view text) {
  Scanner scanner(text);
  Parts parts;
  scanner.name(kDays);
  scanner.skip(" ");
  parts.month = scanner.name(kMonths);
  scanner.skip(" ");
  if (scanner.starts_with(" ")) {
    scanner.skip(" ");
    parts.day = scanner.number(1);
  } else {
    parts.day = scanner.number(2);
  }
  scanner.skip(" ");
  read_time(scanner, parts);
  scanner.skip(" ");
  parts.year = scanner.number(4);
  return to_time(scanner, parts);
}

}  // namespace

std::string format_date(sys_seconds time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                                 kDays[weekday(day).c_encoding()].data(), static_cast<unsigned>(date.day()),
                                 kMonths[static_cast<unsigned>(date.month()) - 1].data(), static_cast<int>(date.year()),
                                 static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                                 static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

std::optional<sys_seconds> parse_date(std::string_view text, Clock::WallTime now) {
  if (auto time = parse_fixed(text)) {
    return time;
  }
  if (auto time = parse_rfc850(text, now)) {
    return time;
  }
  return parse_asctime(text);
}

}  // namespace mcdsl::http
