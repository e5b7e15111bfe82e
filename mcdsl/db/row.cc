#include "mcdsl/db/row.h"

#include <string>

#include <sqlite3.h>

#include "mcdsl/base/error.h"

namespace mcdsl::db {
namespace {

sqlite3_stmt* as_statement(void* statement) {
  return static_cast<sqlite3_stmt*>(statement);
}

[[noreturn]] void refuse(sqlite3_stmt* statement, int column, const std::string& why) {
  const char* name = sqlite3_column_name(statement, column);
  throw Exception(Code::internal, "database: column " + std::to_string(column + 1) + " (" +
                                      (name != nullptr ? name : "?") + ") of \"" + sqlite3_sql(statement) + "\" " +
                                      why);
}

const char* type_name(int type) {
  switch (type) {
    case SQLITE_INTEGER:
      return "an integer";
    case SQLITE_FLOAT:
      return "a real number";
    case SQLITE_TEXT:
      return "a text";
    case SQLITE_BLOB:
      return "a blob";
    default:
      return "NULL";
  }
}

}  // namespace

int Row::size() const noexcept {
  return sqlite3_column_count(as_statement(statement_));
}

int Row::take_column(int wanted_type, const char* wanted) {
  sqlite3_stmt* statement = as_statement(statement_);
  if (column_ >= size()) {
    throw Exception(Code::internal, "database: \"" + std::string(sqlite3_sql(statement)) + "\" has " +
                                        std::to_string(size()) + " columns, fewer than are read");
  }
  const int column = column_++;
  if (const int type = sqlite3_column_type(statement, column); type != wanted_type) {
    refuse(statement, column, std::string("is ") + type_name(type) + ", not " + wanted);
  }
  return column;
}

bool Row::next_is_null() {
  return column_ < size() && sqlite3_column_type(as_statement(statement_), column_) == SQLITE_NULL;
}

std::int64_t Row::next_integer(std::int64_t low, std::int64_t high) {
  const int column = take_column(SQLITE_INTEGER, "an integer");
  const std::int64_t value = sqlite3_column_int64(as_statement(statement_), column);
  if (value < low || value > high) {
    refuse(as_statement(statement_), column, "is " + std::to_string(value) + ", out of range");
  }
  return value;
}

double Row::next_real() {
  // A column without a declared type may hold a whole number as an integer.
  if (column_ < size() && sqlite3_column_type(as_statement(statement_), column_) == SQLITE_INTEGER) {
    return static_cast<double>(sqlite3_column_int64(as_statement(statement_), column_++));
  }
  return sqlite3_column_double(as_statement(statement_), take_column(SQLITE_FLOAT, "a real number"));
}

std::string_view Row::next_text() {
  const int column = take_column(SQLITE_TEXT, "a text");
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(as_statement(statement_), column));
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(as_statement(statement_), column))};
}

BlobView Row::next_blob() {
  const int column = take_column(SQLITE_BLOB, "a blob");
  const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(as_statement(statement_), column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(as_statement(statement_), column))};
}

void Row::read(bool& out) {
  out = next_integer(0, 1) == 1;
}

void Row::read(Time& out) {
  using std::chrono::microseconds;
  constexpr auto kEarliest = std::chrono::duration_cast<microseconds>(Time::duration::min());
  constexpr auto kLatest = std::chrono::duration_cast<microseconds>(Time::duration::max());
  out = Time(microseconds(next_integer(kEarliest.count(), kLatest.count())));
}

}  // namespace mcdsl::db
