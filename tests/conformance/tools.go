//go:build tools

// Package conformance pins the versions of the suites and of what they are made of.
package conformance

import (
	_ "connectrpc.com/conformance/cmd/connectconformance"
	_ "github.com/summerwind/h2spec/cmd/h2spec"
	_ "google.golang.org/grpc/interop/client"
)
