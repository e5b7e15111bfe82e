package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// record is what the middlewares tell each other of a request: one allocation and one context value for all of it.
type record struct {
	id     string
	caller *caller
}

type recordKey struct{}

func recordOf(r *http.Request) *record {
	return r.Context().Value(recordKey{}).(*record)
}

var (
	requests  [6]atomic.Uint64 // by the first digit of the status
	requestNo = randomStart()
)

func randomStart() *atomic.Uint64 {
	var seed [8]byte
	rand.Read(seed[:])
	number := new(atomic.Uint64)
	number.Store(binary.LittleEndian.Uint64(seed[:]))
	return number
}

func requestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := strconv.FormatUint(requestNo.Add(1)*0x9E3779B97F4A7C15, 36)
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), recordKey{}, &record{id: id})))
	})
}

func accessLog(logger *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			wrapped := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			next.ServeHTTP(wrapped, r)
			requests[wrapped.Status()/100%6].Add(1)

			known := recordOf(r)
			client, _, _ := net.SplitHostPort(r.RemoteAddr)
			attributes := [9]slog.Attr{
				slog.String("method", r.Method),
				slog.String("path", r.URL.Path),
				slog.String("route", chi.RouteContext(r.Context()).RoutePattern()),
				slog.Int("status", wrapped.Status()),
				slog.Int("bytes", wrapped.BytesWritten()),
				slog.Float64("duration", time.Since(start).Seconds()),
				slog.String("client", client),
				slog.String("request_id", known.id),
			}
			count := 8
			if known.caller != nil {
				attributes[count] = slog.String("user", known.caller.Username)
				count++
			}
			logger.LogAttrs(r.Context(), slog.LevelInfo, "request", attributes[:count]...)
		})
	}
}

func recoverPanics(logger *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if cause := recover(); cause != nil {
					logger.ErrorContext(r.Context(), "panic", "cause", cause)
					writeError(w, http.StatusInternalServerError, "internal error")
				}
			}()
			next.ServeHTTP(w, r)
		})
	}
}

func securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

func requireUser(tokens *tokenCache) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			if !ok {
				writeError(w, http.StatusUnauthorized, "unauthenticated")
				return
			}
			found, err := tokens.verify(r.Context(), token)
			switch {
			case err != nil:
				writeError(w, http.StatusServiceUnavailable, "service unavailable")
			case found == nil:
				writeError(w, http.StatusUnauthorized, "unauthenticated")
			case !found.mayRead():
				writeError(w, http.StatusForbidden, "permission denied")
			default:
				recordOf(r).caller = found
				next.ServeHTTP(w, r)
			}
		})
	}
}
