package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAWatchEndsWhenEnoughWasSeenAndElseWithAnError(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		switch request.URL.Path {
		case "/refused":
			writer.WriteHeader(http.StatusForbidden)
			fmt.Fprint(writer, `{"message": "you may not"}`)
		case "/old":
			fmt.Fprint(writer, `{"type": "ERROR", "object": {"message": "too old"}}`)
		default:
			fmt.Fprint(writer, `{"type": "ADDED", "object": {"n": 1}} {"type": "MODIFIED", "object": {"n": 2}}`)
		}
	}))
	defer server.Close()
	api := New("API", server.URL, Token("t"))
	until := func(last int) func(json.RawMessage) (bool, error) {
		return func(content json.RawMessage) (bool, error) {
			var seen struct{ N int }
			err := json.Unmarshal(content, &seen)
			return seen.N == last, err
		}
	}
	if err := api.Watch(t.Context(), "/pods", until(2)); err != nil {
		t.Error(err)
	}
	for path, why := range map[string]string{
		"/pods": "API ended the watch of /pods", "/old": "API ended the watch of /old: too old", "/refused": "you may not",
	} {
		if err := api.Watch(t.Context(), path, until(3)); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
