// The service that the http area measures, as one writes it in Go. Its twin is bench/http/bench_server.cc: the two
// answer alike.
package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/go-chi/chi/v5"
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

func block(w http.ResponseWriter, _ *http.Request) {
	time.Sleep(20 * time.Millisecond)
	io.WriteString(w, "done\n")
}

func newRouter(logger *slog.Logger, tokens *tokenCache) http.Handler {
	router := chi.NewRouter()
	router.Use(requestID, accessLog(logger), recoverPanics(logger), securityHeaders)
	router.Get("/v1/health", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	router.Group(func(routes chi.Router) {
		routes.Use(requireUser(tokens))
		routes.Get("/v1/documents/{slug}", findDocument)
		routes.Get("/v1/slow", block)
	})
	return router
}

func serve(certificate, key, identityURL string) error {
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
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           newRouter(slog.New(slog.NewJSONHandler(null, nil)), tokens),
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
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: http CERTIFICATE KEY IDENTITY_URL")
		os.Exit(2)
	}
	if err := serve(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "http:", err)
		os.Exit(1)
	}
}
