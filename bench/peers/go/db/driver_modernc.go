//go:build !cgo_driver

package main

import (
	"net/url"

	_ "modernc.org/sqlite" // SQLite translated to Go: what a service takes that is built without cgo
)

const driver = "sqlite"

func dataSource(path, synchronous string) string {
	return "file:" + path + "?" + url.Values{"_pragma": {
		"journal_mode(WAL)", "synchronous(" + synchronous + ")", "foreign_keys(1)", "busy_timeout(5000)", "cache_size(-8192)",
	}}.Encode()
}
