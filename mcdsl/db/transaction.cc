#include "mcdsl/db/transaction.h"

#include <string>

#include "mcdsl/db/internal/connection.h"

namespace mcdsl::db {

void ReadTransaction::step_rows(std::string_view sql, std::initializer_list<Parameter> parameters,
                                FunctionRef<bool(Row&)> on_row) {
  if (const int code = connection_.step_all(sql, parameters, on_row); code != SQLITE_DONE) {
    throw Exception(connection_.error(code, sql));
  }
}

Result<std::int64_t> WriteTransaction::run(std::string_view sql, std::initializer_list<Parameter> parameters,
                                           FunctionRef<bool(Row&)> on_row) {
  if (!connection_.in_transaction()) {
    throw Exception(Code::aborted,
                    "database: an earlier statement rolled the transaction back, before \"" + std::string(sql) + "\"");
  }
  const std::int64_t before = connection_.total_changes();
  const int code = connection_.step_all(sql, parameters, on_row);
  if (code == SQLITE_DONE) {
    // SQLite leaves the count of the statement before in place where a statement changes no rows.
    return connection_.total_changes() == before ? 0 : connection_.changes();
  }
  if ((code & 0xFF) == SQLITE_CONSTRAINT) {
    return fail(connection_.error(code, sql));
  }
  throw Exception(connection_.error(code, sql));
}

}  // namespace mcdsl::db
