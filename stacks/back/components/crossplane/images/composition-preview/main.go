// Command composition-preview answers what a composition would make of an object that does not exist: it runs the
// composition's pipeline as Crossplane does, with the functions that run in the cluster, and writes nothing.
//
// It runs the compositions that the cluster has, never one that it is sent.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"backstack.dev/lib/kube"
	"backstack.dev/lib/ready"
	"backstack.dev/lib/serve"
	"backstack.dev/lib/settings"
)

const (
	largest = 4 << 20
	// Previews at once: each may keep a function busy that Crossplane needs too.
	atOnce   = 4
	patience = 30 * time.Second
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "composition-preview:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	values, err := settings.Read("LISTEN", "NAMESPACE", "TLS_CLIENT_CERTS_DIR")
	if err != nil {
		return err
	}
	api, err := kube.InPod()
	if err != nil {
		return err
	}
	previewer := &previewer{cluster: &cluster{api: api}, functions: &functions{certificates: values["TLS_CLIENT_CERTS_DIR"], namespace: values["NAMESPACE"]}}
	return serve.Until(ctx, values["LISTEN"], previewer.routes())
}

func (previewer *previewer) routes() http.Handler {
	turns := make(chan struct{}, atOnce)
	mux := http.NewServeMux()
	// Nothing is ever in its way: what it needs is asked for with each preview.
	mux.Handle("GET "+ready.Path, ready.New(""))
	mux.HandleFunc("POST /preview", func(writer http.ResponseWriter, request *http.Request) {
		ctx, cancel := context.WithTimeout(request.Context(), patience)
		defer cancel()
		select {
		case turns <- struct{}{}:
			defer func() { <-turns }()
		case <-ctx.Done():
			answer(writer, http.StatusServiceUnavailable, problem{"too many previews at once: try again"})
			return
		}
		var asked question
		if err := json.NewDecoder(http.MaxBytesReader(writer, request.Body, largest)).Decode(&asked); err != nil {
			answer(writer, http.StatusBadRequest, problem{fmt.Sprintf("this is no question: %v", err)})
			return
		}
		found, err := previewer.preview(ctx, asked)
		if err != nil {
			status := http.StatusBadGateway
			if errors.As(err, &refused{}) {
				status = http.StatusUnprocessableEntity
			}
			answer(writer, status, problem{err.Error()})
			return
		}
		answer(writer, http.StatusOK, found)
	})
	return mux
}

type problem struct {
	Message string `json:"message"`
}

func answer(writer http.ResponseWriter, status int, body any) {
	writer.Header().Set("Content-Type", "application/json")
	writer.WriteHeader(status)
	_ = json.NewEncoder(writer).Encode(body)
}
