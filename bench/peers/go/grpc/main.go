// The service that the grpc area measures, as one writes it in Go. Its twin is bench/grpc/bench_server.cc: the two
// answer alike. The package benchpb is made from bench/grpc/bench.proto when the bench builds this.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"mcdsl-bench-grpc/benchpb"
)

type storedDocument struct {
	title, url, addedBy string
	tags                []string
	words               int64
	read                bool
	note                string
}

var documents = map[string]storedDocument{
	"on-trust": {
		title:   "Reflections on Trusting Trust",
		url:     "https://www.example.org/papers/1984/reflections-on-trusting-trust.html",
		addedBy: "alice",
		tags:    []string{"security", "compilers"},
		words:   3127,
		note:    "To what extent should one trust a statement?",
	},
}

type documentService struct {
	benchpb.UnimplementedDocumentServiceServer
}

func (documentService) GetDocument(_ context.Context, request *benchpb.GetDocumentRequest) (*benchpb.Document, error) {
	found, ok := documents[request.GetSlug()]
	if !ok {
		return nil, status.Error(codes.NotFound, "no such document")
	}
	return &benchpb.Document{
		Slug:    request.GetSlug(),
		Title:   found.title,
		Url:     found.url,
		AddedBy: found.addedBy,
		Tags:    found.tags,
		Words:   found.words,
		Read:    found.read,
		Note:    found.note,
	}, nil
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
	metrics := newMetrics()
	server := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}})),
		grpc.ChainUnaryInterceptor(accessLog(slog.New(slog.NewJSONHandler(null, nil))), metrics.count, recoverPanics,
			requireUser(tokens)))
	benchpb.RegisterDocumentServiceServer(server, documentService{})
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		io.Copy(io.Discard, os.Stdin) // until whoever started it closes the pipe, or is gone
		server.Stop()
	}()
	if err := server.Serve(listener); err != nil {
		return err
	}
	fmt.Println(metrics.of("/mcdsl.bench.DocumentService/GetDocument").codes[codes.OK].Load())
	return nil
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: grpc CERTIFICATE KEY IDENTITY_URL")
		os.Exit(2)
	}
	if err := serve(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "grpc:", err)
		os.Exit(1)
	}
}
