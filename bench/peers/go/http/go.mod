module mcdsl-bench-http

go 1.24

require github.com/go-chi/chi/v5 v5.5.0

require github.com/mattn/go-sqlite3 v1.14.53
