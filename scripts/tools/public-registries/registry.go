package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/sirupsen/logrus"
)

// newRegistry is the registry behind all hosts, with its files in a folder. The repositories of a host lie below its
// name.
func newRegistry(folder string) http.Handler {
	// It calls an error what is a client's question for something that is not there; the journal has all of them.
	logrus.SetLevel(logrus.FatalLevel)
	text := fmt.Sprintf(`
version: 0.1
storage:
  filesystem: {rootdirectory: %q}
  cache: {blobdescriptor: inmemory}
  delete: {enabled: true}
  maintenance: {uploadpurging: {enabled: false}}
http: {secret: played}
`, folder)
	settings, err := configuration.Parse(strings.NewReader(text))
	if err != nil {
		panic(err)
	}
	return handlers.NewApp(context.Background(), settings)
}

// fillingPort opens a door for whoever fills the registry, on the machine's own loopback.
func fillingPort(registry http.Handler) (int, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	go func() { _ = http.Serve(listener, registry) }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
