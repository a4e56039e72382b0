// Command functions composes as Crossplane's functions for Go templates and for patches and transforms do: it takes
// their documented input kinds, and is installed under their names where upstream's own programs cannot be had.
//
// Which of them it is asked to be is told by the input's kind, so that one program serves for both.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

const (
	// Where Crossplane asks.
	listen = ":9443"
	// What it tells a function's pod: where the certificate lies that it has made for it.
	certificates = "TLS_SERVER_CERTS_DIR"
	// The largest question and answer.
	largest = 4 << 20
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "functions:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	folder := os.Getenv(certificates)
	if folder == "" {
		return fmt.Errorf("%s is not set: Crossplane sets it to the folder with the function's certificate", certificates)
	}
	// Read once here, so that a folder without them is told at once.
	if _, err := secured(folder); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("cannot listen at %s: %w", listen, err)
	}
	server := grpc.NewServer(
		grpc.MaxRecvMsgSize(largest),
		grpc.Creds(credentials.NewTLS(&tls.Config{
			MinVersion: tls.VersionTLS12,
			// Anew for each caller: Crossplane renews the certificates.
			GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return secured(folder) },
		})),
	)
	fn.RegisterFunctionRunnerServiceServer(server, service{})
	go func() {
		<-ctx.Done()
		server.GracefulStop()
	}()
	return server.Serve(listener)
}

// Only who has a certificate of Crossplane's authority may ask.
func secured(folder string) (*tls.Config, error) {
	in := func(name string) string { return filepath.Join(folder, name) }
	pair, err := tls.LoadX509KeyPair(in("tls.crt"), in("tls.key"))
	if err != nil {
		return nil, fmt.Errorf("no certificate to serve with: %w", err)
	}
	authority, err := os.ReadFile(in("ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("no certificate of the callers' authority: %w", err)
	}
	callers := x509.NewCertPool()
	if !callers.AppendCertsFromPEM(authority) {
		return nil, errors.New("no certificate of the callers' authority: ca.crt holds none")
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{pair},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    callers,
		NextProtos:   []string{"h2"},
	}, nil
}
