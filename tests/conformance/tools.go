//go:build tools

// Package conformance pins the version of h2spec and of what it is made of.
package conformance

import _ "github.com/summerwind/h2spec/cmd/h2spec"
