//go:build cgo_driver

package main

import (
	"net/url"

	_ "github.com/mattn/go-sqlite3" // SQLite in C behind cgo; with the tag libsqlite3 the system's, which is ours too
)

const driver = "sqlite3"

func dataSource(path, synchronous string) string {
	return "file:" + path + "?" + url.Values{
		"_journal_mode": {"WAL"}, "_synchronous": {synchronous}, "_foreign_keys": {"1"}, "_busy_timeout": {"5000"}, "_cache_size": {"-8192"},
	}.Encode()
}
