#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "mcdsl/base/function_ref.h"
#include "mcdsl/base/result.h"
#include "mcdsl/db/row.h"

namespace mcdsl::db {

namespace internal {
class Connection;
}

/// What can be asked within one snapshot of the database.
///
/// Parameters are written ?1, ?2, … in the SQL and follow it in that order; text and blobs are not copied. Statements
/// are prepared once per connection and kept.
///
/// Errors: broken SQL throws Exception (internal); a damaged file data_loss; a disk that fails internal.
/// Threads: belongs to the job it was given to.
class ReadTransaction {
 public:
  explicit ReadTransaction(internal::Connection& connection) noexcept : connection_(connection) {}
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

  /// Every row, as T: a struct with `bind(Row&)`, a tuple, or the type of the one column.
  template <class T, class... Parameters>
  [[nodiscard]] std::vector<T> query(std::string_view sql, const Parameters&... parameters) {
    static_assert(!kIsView<T>, "a view ends with its row: use for_each");
    std::vector<T> rows;
    for_each<T>(sql, [&](T&& row) { rows.push_back(std::move(row)); }, parameters...);
    return rows;
  }

  /// The first row; nullopt where there is none.
  template <class T, class... Parameters>
  [[nodiscard]] std::optional<T> query_one(std::string_view sql, const Parameters&... parameters) {
    static_assert(!kIsView<T>, "a view ends with its row: use for_each");
    std::optional<T> first;
    step_rows(sql, {to_parameter(parameters)...}, [&](Row& row) {
      row.into(first.emplace());
      return false;
    });
    return first;
  }

  /// Calls `take(T&&)` for each row as it is read: memory for one row, however many there are. A `take` that returns
  /// false ends the reading.
  template <class T, class Take, class... Parameters>
  void for_each(std::string_view sql, Take take, const Parameters&... parameters) {
    step_rows(sql, {to_parameter(parameters)...}, [&](Row& row) {
      T value{};
      row.into(value);
      if constexpr (std::predicate<Take&, T&&>) {
        return static_cast<bool>(take(std::move(value)));
      } else {
        take(std::move(value));
        return true;
      }
    });
  }

 protected:
  template <class T>
  static constexpr bool kIsView = std::same_as<T, std::string_view> || std::same_as<T, BlobView>;

  /// Runs a statement and calls `on_row` for each row until it returns false.
  void step_rows(std::string_view sql, std::initializer_list<Parameter> parameters, FunctionRef<bool(Row&)> on_row);

  internal::Connection& connection_;
};

/// A job's part of a write transaction; its changes become durable together or not at all.
class WriteTransaction : public ReadTransaction {
 public:
  using ReadTransaction::ReadTransaction;

  /// Runs an INSERT, UPDATE, DELETE or a change of the schema; the number of rows changed.
  /// Errors: already_exists (UNIQUE, PRIMARY KEY), failed_precondition (FOREIGN KEY, NOT NULL, CHECK). Foreign keys
  /// that are deferred are checked at the end of the job. After a statement that rolled the transaction back (INSERT OR
  /// ROLLBACK, a full disk) the job cannot go on: throws Exception (aborted).
  template <class... Parameters>
  Result<std::int64_t> execute(std::string_view sql, const Parameters&... parameters) {
    return run(sql, {to_parameter(parameters)...}, [](Row& /*row*/) { return true; });
  }

  /// The same with RETURNING: every row it returns.
  template <class T, class... Parameters>
  [[nodiscard]] Result<std::vector<T>> execute_returning(std::string_view sql, const Parameters&... parameters) {
    static_assert(!kIsView<T>, "a view ends with its row");
    std::vector<T> rows;
    const auto changed = run(sql, {to_parameter(parameters)...}, [&](Row& row) {
      row.into(rows.emplace_back());
      return true;
    });
    if (!changed) {
      return std::unexpected(changed.error());
    }
    return rows;
  }

 private:
  Result<std::int64_t> run(std::string_view sql, std::initializer_list<Parameter> parameters,
                           FunctionRef<bool(Row&)> on_row);
};

}  // namespace mcdsl::db
