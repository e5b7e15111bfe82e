// The service that the http area measures, as one writes it in Go. Its twin is bench/http/bench_server.cc: the two
// answer alike.
package main

import (
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	_ "github.com/mattn/go-sqlite3"
)

type document struct {
	Slug    string   `json:"slug"`
	Title   string   `json:"title"`
	URL     string   `json:"url"`
	AddedBy string   `json:"added_by"`
	Tags    []string `json:"tags"`
	Words   int64    `json:"words"`
	Read    bool     `json:"read"`
}

var documents = map[string]document{
	"on-trust": {
		Slug:    "on-trust",
		Title:   "Reflections on Trusting Trust",
		URL:     "https://www.example.org/papers/1984/reflections-on-trusting-trust.html",
		AddedBy: "alice",
		Tags:    []string{"security", "compilers"},
		Words:   3127,
	},
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
}

func writeError(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, map[string]string{"error": text})
}

func findDocument(w http.ResponseWriter, r *http.Request) {
	found, ok := documents[chi.URLParam(r, "slug")]
	if !ok {
		writeError(w, http.StatusNotFound, "not found")
		return
	}
	writeJSON(w, http.StatusOK, found)
}

func openDatabase(path string) (*sql.Stmt, error) {
	db, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronous=normal&_foreign_keys=1&_busy_timeout=5000")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // as the platform's library does
	if _, err := db.Exec(`CREATE TABLE IF NOT EXISTS documents (slug TEXT PRIMARY KEY, title TEXT NOT NULL, url TEXT NOT NULL,
		added_by TEXT NOT NULL, tags TEXT NOT NULL, words INTEGER NOT NULL, read INTEGER NOT NULL) STRICT`); err != nil {
		return nil, err
	}
	for slug, d := range documents {
		if _, err := db.Exec("INSERT OR IGNORE INTO documents VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", slug, d.Title, d.URL, d.AddedBy,
			strings.Join(d.Tags, ","), d.Words, d.Read); err != nil {
			return nil, err
		}
	}
	return db.Prepare("SELECT slug, title, url, added_by, tags, words, read FROM documents WHERE slug = ?1")
}

func findStored(find *sql.Stmt) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var d document
		var tags string
		err := find.QueryRowContext(r.Context(), chi.URLParam(r, "slug")).
			Scan(&d.Slug, &d.Title, &d.URL, &d.AddedBy, &tags, &d.Words, &d.Read)
		if err == sql.ErrNoRows {
			writeError(w, http.StatusNotFound, "not found")
			return
		}
		if err != nil {
			writeError(w, http.StatusInternalServerError, "internal error")
			return
		}
		d.Tags = strings.Split(tags, ",")
		writeJSON(w, http.StatusOK, d)
	}
}

func block(w http.ResponseWriter, _ *http.Request) {
	time.Sleep(20 * time.Millisecond)
	io.WriteString(w, "done\n")
}

func newRouter(logger *slog.Logger, tokens *tokenCache, find *sql.Stmt) http.Handler {
	router := chi.NewRouter()
	router.Use(requestID, accessLog(logger), recoverPanics(logger), securityHeaders)
	router.Get("/v1/health", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	router.Group(func(routes chi.Router) {
		routes.Use(requireUser(tokens))
		routes.Get("/v1/documents/{slug}", findDocument)
		routes.Get("/v1/stored/{slug}", findStored(find))
		routes.Get("/v1/slow", block)
	})
	return router
}

func serve(certificate, key, identityURL, database string) error {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return err
	}
	tokens, err := newTokenCache(identityURL, certificate)
	if err != nil {
		return err
	}
	find, err := openDatabase(database)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           newRouter(slog.New(slog.NewJSONHandler(null, nil)), tokens, find),
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}},
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		io.Copy(io.Discard, os.Stdin) // until whoever started it closes the pipe, or is gone
		os.Exit(0)
	}()
	return server.ServeTLS(listener, "", "")
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: http CERTIFICATE KEY IDENTITY_URL DATABASE")
		os.Exit(2)
	}
	if err := serve(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, "http:", err)
		os.Exit(1)
	}
}
