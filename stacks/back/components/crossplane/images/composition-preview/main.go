// Command composition-preview answers what a composition would make of an object that does not exist: it runs the
// composition's pipeline as Crossplane does, with the functions that run in the cluster, and writes nothing.
//
// A composition that it is sent it runs in functions of its own, in pods without rights that are gone afterwards.
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
	// A draft's functions have to start.
	draftPatience = 60 * time.Second
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
	values, err := settings.Read("LISTEN", "NAMESPACE", "TLS_CLIENT_CERTS_DIR", "DRAFTS_NAMESPACE")
	if err != nil {
		return err
	}
	api, err := kube.InPod()
	if err != nil {
		return err
	}
	previewer := &previewer{
		cluster:   &cluster{api: api},
		functions: &functions{certificates: values["TLS_CLIENT_CERTS_DIR"], namespace: values["NAMESPACE"]},
		drafts:    &sandbox{api: api, functions: values["NAMESPACE"], namespace: values["DRAFTS_NAMESPACE"]},
	}
	return serve.Until(ctx, values["LISTEN"], previewer.routes())
}

func (previewer *previewer) routes() http.Handler {
	mux := http.NewServeMux()
	// Nothing is ever in its way: what it needs is asked for with each preview.
	mux.Handle("GET "+ready.Path, ready.New(""))
	mux.HandleFunc("POST /preview", answering(atOnce, patience, func(ctx context.Context, asked question) (any, error) {
		return previewer.preview(ctx, asked)
	}))
	mux.HandleFunc("POST /draft", answering(1, draftPatience, func(ctx context.Context, asked draft) (any, error) {
		return previewer.draft(ctx, asked)
	}))
	return mux
}

// Answers questions of one kind, so many at a time, each within its time.
func answering[Asked any](atOnce int, patience time.Duration, find func(context.Context, Asked) (any, error)) http.HandlerFunc {
	turns := make(chan struct{}, atOnce)
	return func(writer http.ResponseWriter, request *http.Request) {
		ctx, cancel := context.WithTimeout(request.Context(), patience)
		defer cancel()
		select {
		case turns <- struct{}{}:
			defer func() { <-turns }()
		case <-ctx.Done():
			answer(writer, http.StatusServiceUnavailable, problem{"too many previews at once: try again"})
			return
		}
		var asked Asked
		if err := json.NewDecoder(http.MaxBytesReader(writer, request.Body, largest)).Decode(&asked); err != nil {
			answer(writer, http.StatusBadRequest, problem{fmt.Sprintf("this is no question: %v", err)})
			return
		}
		found, err := find(ctx, asked)
		if err != nil {
			status := http.StatusBadGateway
			if errors.As(err, &refused{}) {
				status = http.StatusUnprocessableEntity
			}
			answer(writer, status, problem{err.Error()})
			return
		}
		answer(writer, http.StatusOK, found)
	}
}

type problem struct {
	Message string `json:"message"`
}

func answer(writer http.ResponseWriter, status int, body any) {
	writer.Header().Set("Content-Type", "application/json")
	writer.WriteHeader(status)
	_ = json.NewEncoder(writer).Encode(body)
}
