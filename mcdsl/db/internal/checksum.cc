#include <cstddef>
#include <string>
#include <string_view>

#include "mcdsl/crypto/digest.h"
#include "mcdsl/db/migration.h"

namespace mcdsl::db {
namespace {

// How far a text goes that ends after `end`.
std::size_t length_through(std::string_view text, std::string_view end, std::size_t from) {
  const std::size_t found = text.find(end, from);
  return found == std::string_view::npos ? text.size() : found + end.size();
}

// The white space and the comments that SQL begins with.
std::size_t blank_length(std::string_view sql) {
  std::size_t length = 0;
  while (length < sql.size()) {
    const std::string_view rest = sql.substr(length);
    if (rest.starts_with("--")) {
      length += length_through(rest, "\n", 2);
    } else if (rest.starts_with("/*")) {
      length += length_through(rest, "*/", 2);
    } else if (std::string_view(" \t\n\r\f\v").contains(rest.front())) {
      ++length;
    } else {
      break;
    }
  }
  return length;
}

// The quoted text, or else the one character, that SQL begins with.
std::size_t piece_length(std::string_view sql) {
  const char first = sql.front();
  if (first == '\'' || first == '"' || first == '`') {
    return length_through(sql, sql.substr(0, 1), 1);
  }
  return first == '[' ? length_through(sql, "]", 1) : 1;
}

}  // namespace

std::string checksum(const Migration& migration) {
  std::string text;
  std::string_view rest = migration.sql;
  while (!rest.empty()) {
    if (const std::size_t blank = blank_length(rest); blank > 0) {
      rest.remove_prefix(blank);
      text += text.empty() || rest.empty() ? "" : " ";
    } else {
      const std::size_t length = piece_length(rest);
      text += rest.substr(0, length);
      rest.remove_prefix(length);
    }
  }
  return crypto::to_hex(crypto::sha256(text));
}

}  // namespace mcdsl::db
