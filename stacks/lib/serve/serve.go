// Package serve answers HTTP requests until a program is told to stop.
package serve

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Requests that are under way when the program is told to stop have so long to end.
const ending = 5 * time.Second

// Until serves at an address until the context ends, or listening fails.
func Until(ctx context.Context, address string, handler http.Handler) error {
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), ending)
	defer cancel()
	if err := server.Shutdown(ending); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
