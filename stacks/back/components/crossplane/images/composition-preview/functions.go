package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// The port that functions serve at.
const port = 9443

// The functions in this namespace, called as Crossplane calls them: with its client certificate.
type functions struct {
	certificates string
	namespace    string
}

func (functions *functions) run(ctx context.Context, function string, request *fn.RunFunctionRequest) (*fn.RunFunctionResponse, error) {
	// Read each time: Crossplane's init step renews them.
	secure, err := functions.credentials()
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("dns:///%s.%s:%d", function, functions.namespace, port)
	return call(ctx, function, address, secure, request)
}

func call(ctx context.Context, function, address string, secure credentials.TransportCredentials, request *fn.RunFunctionRequest) (*fn.RunFunctionResponse, error) {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(secure))
	if err != nil {
		return nil, fmt.Errorf("function %s cannot be called: %w", function, err)
	}
	defer connection.Close()
	response, err := fn.NewFunctionRunnerServiceClient(connection).RunFunction(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("function %s does not answer: %w", function, err)
	}
	return response, nil
}

func (functions *functions) credentials() (credentials.TransportCredentials, error) {
	in := func(name string) string { return filepath.Join(functions.certificates, name) }
	pair, err := tls.LoadX509KeyPair(in("tls.crt"), in("tls.key"))
	if err != nil {
		return nil, fmt.Errorf("no certificate to call functions with: %w", err)
	}
	authority, err := os.ReadFile(in("ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("no certificate of the functions' authority: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	return credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, RootCAs: roots}), nil
}
