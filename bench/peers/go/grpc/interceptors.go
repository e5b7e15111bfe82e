package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// record is what the interceptors tell each other of a call.
type record struct {
	caller *caller
}

type recordKey struct{}

var callNo = randomStart()

func randomStart() *atomic.Uint64 {
	var seed [8]byte
	rand.Read(seed[:])
	number := new(atomic.Uint64)
	number.Store(binary.LittleEndian.Uint64(seed[:]))
	return number
}

func accessLog(logger *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		start := time.Now()
		id := strconv.FormatUint(callNo.Add(1)*0x9E3779B97F4A7C15, 36)
		known := new(record)
		reply, err := handler(context.WithValue(ctx, recordKey{}, known), request)

		client := ""
		if from, ok := peer.FromContext(ctx); ok {
			client, _, _ = net.SplitHostPort(from.Addr.String())
		}
		attributes := [6]slog.Attr{
			slog.String("method", strings.TrimPrefix(info.FullMethod, "/")),
			slog.String("code", status.Code(err).String()),
			slog.Float64("duration", time.Since(start).Seconds()),
			slog.String("client", client),
			slog.String("request_id", id),
		}
		count := 5
		if known.caller != nil {
			attributes[count] = slog.String("user", known.caller.Username)
			count++
		}
		logger.LogAttrs(ctx, slog.LevelInfo, "rpc", attributes[:count]...)
		return reply, err
	}
}

var bounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond,
	5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

type methodMetrics struct {
	codes   [17]atomic.Uint64
	buckets [len(bounds) + 1]atomic.Uint64
	sum     atomic.Int64
}

type callMetrics struct {
	methods  sync.Map // of *methodMetrics, by name
	inFlight atomic.Int64
}

func newMetrics() *callMetrics {
	return new(callMetrics)
}

func (m *callMetrics) of(method string) *methodMetrics {
	if found, ok := m.methods.Load(method); ok {
		return found.(*methodMetrics)
	}
	found, _ := m.methods.LoadOrStore(method, new(methodMetrics))
	return found.(*methodMetrics)
}

func (m *callMetrics) count(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	m.inFlight.Add(1)
	defer m.inFlight.Add(-1)
	start := time.Now()
	reply, err := handler(ctx, request)
	duration := time.Since(start)
	method := m.of(info.FullMethod)
	method.codes[min(int(status.Code(err)), len(method.codes)-1)].Add(1)
	bucket := 0
	for bucket < len(bounds) && duration > bounds[bucket] {
		bucket++
	}
	method.buckets[bucket].Add(1)
	method.sum.Add(int64(duration))
	return reply, err
}

func recoverPanics(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (reply any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			reply, err = nil, status.Error(codes.Internal, "internal error")
		}
	}()
	return handler(ctx, request)
}

func requireUser(tokens *tokenCache) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		values := metadata.ValueFromIncomingContext(ctx, "authorization")
		if len(values) != 1 {
			return nil, status.Error(codes.Unauthenticated, "unauthenticated")
		}
		token, ok := strings.CutPrefix(values[0], "Bearer ")
		if !ok {
			return nil, status.Error(codes.Unauthenticated, "unauthenticated")
		}
		found, err := tokens.verify(ctx, token)
		switch {
		case err != nil:
			return nil, status.Error(codes.Unavailable, "service unavailable")
		case found == nil:
			return nil, status.Error(codes.Unauthenticated, "unauthenticated")
		case !found.mayRead():
			return nil, status.Error(codes.PermissionDenied, "permission denied")
		}
		ctx.Value(recordKey{}).(*record).caller = found
		return handler(ctx, request)
	}
}
