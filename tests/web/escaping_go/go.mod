module mcdsl/tests/web/escaping_go

go 1.21
